package wordnet

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
)

// installed opens the dictionary of the system. Without one it skips the test.
func installed(t testing.TB) *Lexicon {
	t.Helper()
	if _, err := os.Stat(Folder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the Debian package wordnet-base is not installed")
	}
	l, err := Open(Folder)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestInstalled reads the whole of WordNet 3.0. The numbers of synsets and levels are the paper's (arXiv 2209.10288). The
// others were counted by another program.
func TestInstalled(t *testing.T) {
	l := installed(t)
	tree, err := l.Tree()
	if err != nil {
		t.Fatal(err)
	}
	several := 0
	for _, s := range l.Synsets {
		if len(s.Hypernyms) > 1 {
			several++
		}
	}
	var byLevel []int
	for level := range tree.Levels() {
		byLevel = append(byLevel, len(tree.At(level)))
	}
	want := []int{22337, 3283, 3931, 3232, 3158, 5426, 8824, 15555, 13757, 13877, 10800, 6214, 3412, 1768, 982, 529, 361, 178, 34, 1}
	if len(l.Synsets) != 117659 || len(l.byName) != 117659 || several != 2244 || !slices.Equal(byLevel, want) {
		t.Errorf("%d synsets of %d names, %d with several hypernyms, levels of %d, want 117659, 117659, 2244, %d", len(l.Synsets), len(l.byName), several, byLevel, want)
	}
	dog, ok := l.Find("dog.n.01")
	if !ok {
		t.Fatal("no dog.n.01")
	}
	var names []string
	for _, c := range tree.Path(dog) {
		names = append(names, l.Synsets[c].Name)
	}
	if want := []string{"entity.n.01", "physical_entity.n.01", "object.n.01", "whole.n.02", "living_thing.n.01", "organism.n.01", "animal.n.01", "domestic_animal.n.01", "dog.n.01"}; !slices.Equal(names, want) {
		t.Errorf("path %q, want %q", names, want)
	}
	if want := []string{"dog", "domestic_dog", "Canis_familiaris"}; !slices.Equal(l.Synsets[dog].Words, want) {
		t.Errorf("words %q, want %q", l.Synsets[dog].Words, want)
	}
}

func BenchmarkOpen(b *testing.B) {
	installed(b)
	for b.Loop() {
		if _, err := Open(Folder); err != nil {
			b.Fatal(err)
		}
	}
}
