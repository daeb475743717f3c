package tokenizer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// renamed is a tokenizer of bytes with the name of a file.
type renamed struct {
	Byte
	name string
}

func (r renamed) Name() string { return r.name }

func init() {
	RegisterFormat(".testing", func(name string, content []byte) (Tokenizer, error) {
		switch string(content) {
		case "panic":
			panic("out of range\nof something")
		case "error":
			return nil, errors.New("it is wrong")
		}
		return renamed{name: name}, nil
	})
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "my.Testing")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	tok, err := New(path)
	if err != nil {
		t.Fatal(err)
	}
	f := tok.(*File)
	// The SHA-256 of "one" is that of sha256sum.
	if f.SHA256 != "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed" || f.Name() != "tokenizer.testing-7692c3ad3540bb80" || f.Name() != FileName(path, f.SHA256) {
		t.Errorf("%s, %s", f.Name(), f.SHA256)
	}
	if err := f.Save(dir); err != nil || f.CopyName() != "tokenizer.testing" {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, Copy(path))); err != nil || !bytes.Equal(text, []byte("one")) {
		t.Errorf("copy %q: %v", text, err)
	}
	if _, err := Open(path, f.SHA256); err != nil {
		t.Error(err)
	}
	if tok, err := Open("byte", "any"); err != nil || tok.Vocab() != 256 {
		t.Error(err)
	}
	write("two")
	_, changed := Open(path, f.SHA256)
	write("panic")
	_, panicked := New(path)
	write("error")
	_, wrong := New(path)
	_, missing := New(filepath.Join(dir, "none.testing"))
	_, folder := Open(dir+"/.testing", "")
	for want, err := range map[string]error{
		"has changed: its SHA-256 is":  changed,
		"the file is damaged: out of ": panicked,
		path + ": it is wrong":         wrong,
		"none.testing":                 missing,
		"tokenizer":                    folder,
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want one line with %q", err, want)
		}
	}
	if _, err := New("x.json"); err == nil || !strings.Contains(err.Error(), `import _ "goomtrain/data"`) { // not linked into this test
		t.Errorf("error %v does not say what to import", err)
	}
	for name, want := range map[string]bool{"byte": false, "x.json": true, "x.MODEL": true, "dir/x.testing": true, "dir/x": false, "": false} {
		if IsPath(name) != want {
			t.Errorf("IsPath(%q) is %v", name, !want)
		}
	}
}
