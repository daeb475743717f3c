package arch

import (
	"go/ast"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// commands are the programs whose flags texts may name.
var commands = []string{"train", "generate", "inspect", "evaluate", "credit", "convert"}

// advises lists, for each room whose texts name flags, the commands that print them. The texts of any other
// room come from all commands.
var advises = map[string][]string{"cmd/train": {"train"}, "cmd/generate": {"generate"}, "cmd/inspect": {"inspect"}, "cmd/evaluate": {"evaluate"}, "cmd/credit": {"credit"}, "cmd/convert": {"convert"}, "cmd/tokenizer": {"tokenizer"},
	"huggingface": {"convert"}, "train": {"train"}, "data": {"train"},
	"docs/results": {"docs/results"},
	"cmd/board":    {"board"}, "internal/board": {"board"},
	"models": {"train"}} // the sizes of models are settings of a run, whoever reads them

// flags are those that a command lists in its help.
func flags(t *testing.T, command string) []string {
	t.Helper()
	if !strings.Contains(command, "/") {
		command = "cmd/" + command
	}
	cmd := exec.Command("go", "run", "./"+command, "-h")
	cmd.Dir = "../.."
	help, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s -h: %v", command, err)
	}
	names := []string{"h"}
	for _, m := range regexp.MustCompile(`(?m)^  -(\S+)`).FindAllStringSubmatch(string(help), -1) {
		names = append(names, m[1])
	}
	if len(names) < 4 {
		t.Fatalf("%s -h lists %v", command, names)
	}
	return names
}

// printers are the commands that print the texts of a package.
func printers(pkg string) []string {
	for name := pkg; ; {
		if p, ok := advises[name]; ok {
			return p
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			return commands
		}
		name = name[:i]
	}
}

// others finds the commands of other programs, whose flags are not ours.
var others = regexp.MustCompile(`(iconv|go build) [^)]*|go run -tags \S+`)

// flagIn finds flags in a text: a dash and a name, after a space, a bracket, a quote or nothing.
var flagIn = regexp.MustCompile("(?:^|[\\s(\"'`])-([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")

// commandIn finds the commands of this module in a text.
var commandIn = regexp.MustCompile(`go run \./([a-z/]+)`)

// TestAdviceCanBeTaken: every flag that a text names is one of each command that prints the text, and every
// command that it names exists.
func TestAdviceCanBeTaken(t *testing.T) {
	known := map[string][]string{}
	for _, c := range append(commands, "board", "tokenizer", "docs/results") {
		known[c] = flags(t, c)
	}
	var mains []string
	for _, p := range packages(t) {
		if p.Name == "main" {
			mains = append(mains, strings.TrimPrefix(p.ImportPath, module+"/"))
		}
	}
	seen := 0
	for _, s := range sources(t) {
		if strings.HasPrefix(s.pkg, "examples/") {
			continue // programs with flags of their own
		}
		if s.pkg == "settings" && filepath.Base(s.fileSet.Position(s.file.Pos()).Filename) == "completion.go" {
			continue // scripts with the flags of shells' commands
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text, " ") {
				return true // a part of a name, not a text
			}
			for _, m := range commandIn.FindAllStringSubmatch(text, -1) {
				if seen++; !slices.Contains(mains, m[1]) {
					t.Errorf("%s: %q names ./%s, which is no command", s.fileSet.Position(literal.Pos()), text, m[1])
				}
			}
			by := printers(s.pkg)
			if m := commandIn.FindStringSubmatch(text); m != nil {
				by = []string{strings.TrimPrefix(m[1], "cmd/")} // the flags are of the command that the text names
			}
			for _, m := range flagIn.FindAllStringSubmatch(others.ReplaceAllString(text, ""), -1) {
				seen++
				for _, c := range by {
					if !slices.Contains(known[c], m[1]) {
						t.Errorf("%s: %q names -%s, but %s has no such flag", s.fileSet.Position(literal.Pos()), text, m[1], c)
					}
				}
			}
			return true
		})
	}
	if seen < 20 {
		t.Errorf("only %d flags and commands seen", seen)
	}
}
