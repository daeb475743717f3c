package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"goomtrain/trees/wordnet"
)

func TestRun(t *testing.T) {
	if _, err := os.Stat(wordnet.Folder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the Debian package wordnet-base is not installed")
	}
	var text strings.Builder
	if err := run(&text, wordnet.Folder, "dog.n.01", 2); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	for _, want := range []string{
		"117659 synsets at 20 levels, 22337 roots, 2244 synsets with several hypernyms",
		"entity.n.01 -> physical_entity.n.01 -> object.n.01 -> whole.n.02 -> living_thing.n.01 -> organism.n.01 -> animal.n.01 -> domestic_animal.n.01 -> dog.n.01",
		"2 rows of scores",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q", want)
		}
	}
	if err := run(io.Discard, wordnet.Folder, "dgo.n.01", 2); err == nil || !strings.Contains(err.Error(), `no synset "dgo.n.01"`) {
		t.Errorf("%v", err)
	}
}

// TestMissing: without the files there is one line that says how to get them.
func TestMissing(t *testing.T) {
	err := run(io.Discard, t.TempDir(), "dog.n.01", 2)
	if err == nil || !strings.Contains(err.Error(), "apt-get install wordnet-base") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
