package corpus

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/data/tokenizer"
	"goomtrain/internal/regular/regulartest"
)

func names(files []File) []string {
	var list []string
	for _, f := range files {
		list = append(list, f.Name)
	}
	return list
}

// found is what a pattern finds, by name.
type found struct {
	pattern string
	want    []string
}

// finds checks what patterns below a folder find, and that it can be opened.
func finds(t *testing.T, dir string, cases []found) {
	t.Helper()
	for _, c := range cases {
		files, err := Find(dir + "/" + c.pattern)
		if err != nil || !slices.Equal(names(files), c.want) {
			t.Errorf("%q: %q, %v; want %q", c.pattern, names(files), err, c.want)
		}
		for _, f := range files {
			if _, err := os.ReadFile(f.Path); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestFind(t *testing.T) {
	dir := tree(t, map[string]string{"a/x.txt": "1", "a.txt": "2", "a/y.md": "3", "b/z.txt": "4", ".git/config": "5", "b/.hidden": "6", "[1].txt": "7"})
	if err := os.Symlink(filepath.Join(dir, "b"), filepath.Join(dir, "a", "loop")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := os.Symlink(filepath.Join(dir, "a.txt"), filepath.Join(dir, "b", "link.txt")); err != nil {
		t.Fatal(err)
	}
	finds(t, dir, []found{
		{".", []string{"[1].txt", "a.txt", "a/x.txt", "a/y.md", "b/link.txt", "b/z.txt"}},
		{"a", []string{"x.txt", "y.md"}},
		{"a/loop", []string{"link.txt", "z.txt"}}, // named by the user, so it is entered
		{"a.txt", []string{"a.txt"}},
		{"b/link.txt", []string{"link.txt"}},
		{"*/*.txt", []string{"a/x.txt", "b/link.txt", "b/z.txt"}},
		{"a*", []string{"a.txt", "a/x.txt", "a/y.md"}},
		{"[1].txt", []string{"[1].txt"}}, // a file of that very name comes before the glob
		{"?/z.txt", []string{"b/z.txt"}},
	})
}

// TestFindLiterally: what exists is meant by its name, whatever characters are in it, up to the part of a
// glob that can match.
func TestFindLiterally(t *testing.T) {
	dir := tree(t, map[string]string{"[2024] b/x.txt": "1", "[2024] b/y.md": "2", "2/x.txt": "3", "what? no/a*b/x.txt": "4", "what? no/aXb/x.txt": "5", "all/[x]/x": "6"})
	finds(t, dir, []found{
		{"[2024] b", []string{"x.txt", "y.md"}},
		{"[2024] b/x.txt", []string{"x.txt"}},
		{"[2024] b/*.txt", []string{"x.txt"}},
		{"[2024] b/*", []string{"x.txt", "y.md"}},
		{"[2024]/*.txt", []string{"2/x.txt"}}, // no folder of that name: a class
		{"what? no/a*b", []string{"x.txt"}},
		{"what? no/a*b/*", []string{"x.txt"}},
		{"what? no/a?b/*", []string{"a*b/x.txt", "aXb/x.txt"}},
		{"all/[x]", []string{"x"}},
		{"[2]/", []string{"2/x.txt"}},
	})
	t.Chdir(filepath.Join(dir, "[2024] b"))
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*.txt", filepath.Join(here, "*.txt")} {
		if files, err := Find(pattern); err != nil || !slices.Equal(names(files), []string{"x.txt"}) {
			t.Errorf("%s in a folder with brackets: %v, %v", pattern, names(files), err)
		}
	}
}

// TestFindOtherEncodings: names are bytes to the system, and need not be UTF-8.
func TestFindOtherEncodings(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "caf\xe9"), 0o777); err != nil {
		t.Skip("no such names here:", err)
	}
	for _, name := range []string{"x.txt", "\xff\xfe", "[\xe9]"} {
		if err := os.WriteFile(filepath.Join(dir, "caf\xe9", name), []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	finds(t, dir, []found{
		{"caf\xe9", []string{"[\xe9]", "x.txt", "\xff\xfe"}},
		{"caf\xe9/*.txt", []string{"x.txt"}},
		{"caf\xe9/[\xe9]", []string{"[\xe9]"}},
		{"caf?/*.txt", []string{"caf\xe9/x.txt"}},
	})
}

// TestPipes: a named pipe is no text, whoever names it, and nothing waits for it.
func TestPipes(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "text"})
	pipe := filepath.Join(dir, "pipe")
	regulartest.PipeAt(t, pipe)
	regulartest.AtOnce(t, func() {
		if _, err := Find(pipe); err == nil || err.Error() != pipe+" is a named pipe, not a file" {
			t.Errorf("found: %v", err)
		}
		if files, err := Find(dir); err != nil || !slices.Equal(names(files), []string{"a.txt"}) {
			t.Errorf("in a folder: %v, %v", names(files), err)
		}
		if _, err := Load([]File{{"pipe", pipe}}, Options{Tokenizer: tokenizer.Byte{}}); err == nil || !strings.Contains(err.Error(), "is a named pipe, not a file") {
			t.Errorf("loaded: %v", err)
		}
		if err := (document{File: File{"pipe", pipe}}).pieces(nil, func([]byte, bool) bool { return true }); err == nil {
			t.Error("read in pieces")
		}
	})
}
