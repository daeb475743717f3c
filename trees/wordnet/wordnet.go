package wordnet

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"goomtrain/internal/regular"
	"goomtrain/trees"
)

// Folder is where Debian's package wordnet-base installs the dictionary.
const Folder = "/usr/share/wordnet"

// A Synset is a set of words of one meaning.
type Synset struct {
	Name      string   // the first word in lower case, the part of speech and the number of the word's sense: dog.n.01
	Words     []string // with underscores in the place of spaces
	Gloss     string   // the definition, and examples in quotation marks
	Hypernyms []int32  // synsets of a more general meaning: first kinds, then what this is an instance of, each by name
}

// A Lexicon is a dictionary. Synsets are numbered in the order of the files of nouns, verbs, adjectives and adverbs.
type Lexicon struct {
	Synsets []Synset
	byName  map[string]int32
}

// Open reads the dictionary in a folder, 8 files. It takes half a second. A file that is missing, cut off or changed is an
// error that names the file and the line.
func Open(folder string) (*Lexicon, error) {
	var files [len(parts)]dictionary
	for i, part := range parts {
		var err error
		if files[i].data, err = read(folder, "data."+part.file); err != nil {
			return nil, err
		}
		if files[i].index, err = read(folder, "index."+part.file); err != nil {
			return nil, err
		}
	}
	return parse(files)
}

func read(folder, name string) (string, error) {
	b, err := regular.ReadFile(filepath.Join(folder, name), 1<<28)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("wordnet: no file %s in %s: install Debian's package wordnet-base (apt-get install wordnet-base), or name the folder dict of WordNet 3.0", name, folder)
	case err != nil:
		return "", fmt.Errorf("wordnet: %w", err)
	}
	return string(b), nil
}

// Find returns the number of the synset of that name.
func (l *Lexicon) Find(name string) (class int32, ok bool) {
	class, ok = l.byName[name]
	return class, ok
}

// Tree returns the tree of all synsets, in which the parent of a synset is its last hypernym: the classes of the paper
// (arXiv 2209.10288), which takes the last of the paths that NLTK gives. Adjectives and adverbs have no hypernyms and are
// roots. WordNet 3.0 has 117,659 synsets at 20 levels.
func (l *Lexicon) Tree() (*trees.Tree, error) {
	parents := make([]int32, len(l.Synsets))
	for c, s := range l.Synsets {
		if parents[c] = -1; len(s.Hypernyms) > 0 {
			parents[c] = s.Hypernyms[len(s.Hypernyms)-1]
		}
	}
	tree, err := trees.New(parents)
	if err != nil {
		return nil, fmt.Errorf("wordnet: the synsets are no tree: %w", err)
	}
	return tree, nil
}
