package tokenizer

import (
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"goomtrain/internal/nearest"
)

// A Tokenizer turns text into token numbers and back. Its methods may be called by several goroutines at
// once.
//
// A corpus is encoded in pieces, cut before a white space that follows something else; a tokenizer whose
// tokens reach across such a place, from text into the white space behind it, gives other tokens for the
// whole than for the pieces.
type Tokenizer interface {
	// Name is the name under which New finds it. It also names the vocabulary's version: a tokenizer
	// that gives other tokens than before needs another name, or stale caches would be believed.
	Name() string
	// Vocab is the number of different tokens.
	Vocab() int
	// Encode never returns the separator, whatever the text says.
	Encode(text []byte) []int32
	// Decode is the inverse of Encode. Numbers outside [0, Vocab) stand for nothing.
	Decode(tokens []int32) []byte
	// Bytes is the number of bytes of text that a token stands for: 0 for the separator.
	Bytes(token int32) int
	// Separator is the token before every document.
	Separator() int32
}

var (
	mu    sync.Mutex
	known = map[string]func() (Tokenizer, error){"byte": func() (Tokenizer, error) { return Byte{}, nil }}
)

// optional names the tokenizers of this module that are linked only on request, with the import path that
// links each, so that an error can say so.
var optional = map[string]string{"gpt2": "goomtrain/data/gpt2"}

// Register makes a tokenizer available under a name. It is meant for init functions, and panics if the
// name is taken.
func Register(name string, open func() (Tokenizer, error)) {
	mu.Lock()
	defer mu.Unlock()
	if known[name] != nil {
		panic(fmt.Sprintf("tokenizer: %q is registered twice", name))
	}
	known[name] = open
}

// Names lists what New accepts, in alphabetical order.
func Names() []string {
	mu.Lock()
	defer mu.Unlock()
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Check returns nil if New knows the name, and else the error that New would return.
func Check(name string) error {
	names := Names()
	if slices.Contains(names, name) {
		return nil
	}
	if path, ok := optional[name]; ok {
		return fmt.Errorf("tokenizer %q is not linked into this program: import _ %q in its main package", name, path)
	}
	return fmt.Errorf("unknown tokenizer %q%s", name, nearest.Hint(name, names))
}

// New returns the tokenizer of that name.
func New(name string) (Tokenizer, error) {
	if err := Check(name); err != nil {
		return nil, err
	}
	mu.Lock()
	open := known[name]
	mu.Unlock()
	return open()
}

// ValidPrefix is the length of the longest prefix of text that is valid UTF-8.
func ValidPrefix(text []byte) int {
	if utf8.Valid(text) {
		return len(text)
	}
	n := 0
	for {
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size <= 1 {
			return n
		}
		n += size
	}
}
