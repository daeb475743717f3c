package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shown finds a block of Go in a text, with the link to its file in the line before it.
var shown = regexp.MustCompile("(?:\\[[^\\]\n]*\\]\\(([^)\n]*\\.go)\\)\n\n)?```go\n((?s:.*?))```\n")

// TestExtendingShowsTheExamples: every block of Go in docs/extending.md stands word for word in the example's file
// that the line before it links to, so that all of them compile and are tested.
func TestExtendingShowsTheExamples(t *testing.T) {
	const doc = "../../docs/extending.md"
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	blocks := shown.FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 10 || len(blocks) != strings.Count(string(text), "```go") {
		t.Errorf("%d blocks of Go seen, of %d", len(blocks), strings.Count(string(text), "```go"))
	}
	for _, b := range blocks {
		link, code := b[1], b[2]
		first, _, _ := strings.Cut(code, "\n")
		if link == "" {
			t.Errorf("no link to a file in the line before the block of %q", first)
			continue
		}
		file, err := os.ReadFile(filepath.Join(filepath.Dir(doc), link))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(file), "\n"+code) {
			t.Errorf("%s does not have the block of %q", link, first)
		}
	}
}

// TestExtendingLinks: every file that docs/extending.md links to exists.
func TestExtendingLinks(t *testing.T) {
	text, err := os.ReadFile("../../docs/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	prose := regexp.MustCompile("```go\n(?s:.*?)```\n").ReplaceAllString(string(text), "")
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(prose, -1) {
		if _, err := os.Stat(filepath.Join("../../docs", m[1])); err != nil {
			t.Error(err)
		}
	}
}
