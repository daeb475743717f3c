package corpus

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/data/tokenizer"
)

// TestCopies: a text counts once, however many names, links and copies it has.
func TestCopies(t *testing.T) {
	dir := tree(t, map[string]string{"b/text.txt": "the same text", "b/other.txt": "another text", "z.txt": "the same text", "nearly": "the same text "})
	whole := load(t, dir, Options{})
	if got := documentNames(whole); !slices.Equal(got, []string{"b/other.txt", "b/text.txt", "nearly"}) {
		t.Errorf("documents %q", got)
	}
	if want := []string{"left out 1 of 4 files: the text of another file (the first: z.txt, which has the text of b/text.txt)"}; !slices.Equal(whole.Notes, want) {
		t.Errorf("notes %q", whole.Notes)
	}
	if err := os.Link(filepath.Join(dir, "b", "text.txt"), filepath.Join(dir, "b", "x-hard")); err != nil {
		t.Skip("no links here:", err)
	}
	for _, link := range []string{"x-link", "y-link\x1b[2J"} {
		if err := os.Symlink("b/text.txt", filepath.Join(dir, link)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	linked := load(t, dir, Options{})
	if linked.Hash != whole.Hash || !slices.Equal(all(linked), all(whole)) || linked.Bytes != whole.Bytes {
		t.Error("links change the text")
	}
	if len(linked.Notes) != 1 || !strings.HasPrefix(linked.Notes[0], "left out 4 of 7 files: the text of another file (the first: b/x-hard, ") {
		t.Errorf("notes %q", linked.Notes)
	}
	// Where only a link is named it is the text.
	if one := load(t, filepath.Join(dir, "x-link"), Options{}); !bytes.Equal(tokenizer.Byte{}.Decode(all(one)), []byte("\x00the same text")) {
		t.Error("a link alone is not read")
	}
	if bad := load(t, filepath.Join(dir, "[xy]-link*"), Options{}); len(bad.Notes) != 1 || !strings.Contains(bad.Notes[0], `y-link\x1b[2J`) {
		t.Errorf("notes %q: names are not made safe", bad.Notes)
	}
}

func documentNames(c *Corpus) []string {
	var list []string
	for _, d := range c.Documents {
		list = append(list, d.Name)
	}
	return list
}
