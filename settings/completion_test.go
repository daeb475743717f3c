package settings

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// completed has settings of all kinds, with texts that shells and roff could take for something else.
func completed() Table {
	model, path, text, n, yes, low, high := "", "", "", 0, false, 0, 0
	return Table{
		{Name: "model", Help: "a model: [its] `name`", Value: &model, Rule: OneOf("goom-rnn", "gla"), Group: "Model"},
		{Name: "data", Help: `the user's "$HOME" \ file`, Value: &path, Group: "Data"},
		{Name: "note", Help: ".TH is no request\n.SH either", Value: &text, Group: "Data"},
		{Name: "d-emb", Help: "dimension", Value: &n, Group: "Model"},
		{Name: "seq", Help: "positions", Value: Range{&low, &high}, Group: "Data"},
		{Name: "curriculum", Help: "begin with short sequences", Value: &yes, Group: "Data"},
	}
}

// completion writes the script of a shell to a file, or skips the test where the shell is missing.
func completion(t *testing.T, shell, program string) (path string) {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skip(err)
	}
	var script bytes.Buffer
	if err := completed().Completion(&script, shell, program); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "_script")
	if err := os.WriteFile(path, script.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestBashCompletes asks the function of the script as bash does when the tabulator is pressed.
func TestBashCompletes(t *testing.T) {
	script := completion(t, "bash", "my train")
	for line, want := range map[string]string{
		"train -":               "-model -data -note -d-emb -seq -curriculum",
		"train -d":              "-data -d-emb",
		"train -model ":         "goom-rnn gla",
		"train --model g":       "goom-rnn gla",
		"train -model gl":       "gla",
		"train -model = gl":     "gla",
		"train -model =":        "goom-rnn gla",
		"train -data ":          "",
		"train -data = ":        "",
		"train -seq 2:":         "",
		"train -curriculum -d-": "-d-emb",
		"train -curriculum = t": "true",
		"train -model gla -s":   "-seq",
	} {
		words := strings.Split(line, " ")
		for i, w := range words {
			words[i] = quote(w)
		}
		program := fmt.Sprintf("source %s; COMP_WORDS=(%s); COMP_CWORD=%d; _my_train_flags; echo \"${COMPREPLY[*]}\"", quote(script), strings.Join(words, " "), len(words)-1)
		if got := output(t, "bash", "--norc", "-c", program); got != want {
			t.Errorf("%q completes to %q, want %q", line, got, want)
		}
	}
}

func TestFishCompletes(t *testing.T) {
	script := completion(t, "fish", "train")
	for line, want := range map[string]string{
		"train -mo":       "-model\ta model: [its] `name`",
		"train -model gl": "gla\ta model: [its] `name`",
		"train -dat":      "-data\tthe user's \"$HOME\" \\ file",
	} {
		if got := output(t, "fish", "--no-config", "-c", "source "+script+"; complete -C "+quoteFish(line)); got != want {
			t.Errorf("%q completes to %q, want %q", line, got, want)
		}
	}
}

// TestZshReads: zsh can parse the script, and its arguments have the texts of the settings.
func TestZshReads(t *testing.T) {
	script := completion(t, "zsh", "train")
	got := output(t, "zsh", "-f", "-c", "_arguments() { print -rl -- \"$@\" }; source "+quote(script))
	want := strings.Join([]string{
		"-model[a model\\: \\[its\\] `name`]:model:(goom-rnn gla)",
		`-data[the user's "$HOME" \\ file]:data:_files`,
		`-note[.TH is no request .SH either]:note:_files`,
		`-d-emb[dimension]:d-emb:_files`,
		`-seq[positions]:seq:_files`,
		`-curriculum[begin with short sequences]`,
	}, "\n")
	if got != want {
		t.Errorf("zsh reads\n%s\nwant\n%s", got, want)
	}
}

func TestUnknownShell(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	completed().Completion(new(bytes.Buffer), "csh", "train")
}
