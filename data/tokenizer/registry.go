package tokenizer

import (
	"fmt"
	"maps"
	"slices"

	"goomtrain/internal/registry"
)

var registered = registry.New[func() (Tokenizer, error)]("tokenizer")

func init() { Register("byte", func() (Tokenizer, error) { return Byte{}, nil }) }

// notLinked gives, for each tokenizer of this module that a program has only on request, the import path
// that links it, so that an error can name the path.
var notLinked = map[string]string{"gpt2": "goomtrain/data/gpt2"}

// Register adds a tokenizer under a name. It is meant for init functions, and panics if the name is taken.
func Register(name string, open func() (Tokenizer, error)) { registered.Register(name, open) }

// Names lists the tokenizers that are linked into the program, in the order of their registration.
func Names() []string { return registered.Names() }

// Known lists Names and the tokenizers of this module that are not linked into the program, for which the
// error of New says what to import.
func Known() []string {
	names := Names()
	for _, name := range slices.Sorted(maps.Keys(notLinked)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Check returns the error that New would return because of the name. It reads no file.
func Check(name string) error {
	if IsPath(name) {
		return nil
	}
	_, err := find(name)
	return err
}

// New returns the tokenizer of that name or, if it is a path (see IsPath), that of the file: a *File.
func New(name string) (Tokenizer, error) {
	if IsPath(name) {
		f, err := readFile(name)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
	open, err := find(name)
	if err != nil {
		return nil, err
	}
	return open()
}

func find(name string) (func() (Tokenizer, error), error) {
	open, err := registered.Find(name)
	if path, ok := notLinked[name]; ok && err != nil {
		err = fmt.Errorf("tokenizer %q is not linked into this program: import _ %q in its main package", name, path)
	}
	return open, err
}
