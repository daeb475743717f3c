package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"goomtrain/internal/atomicfile"
	"goomtrain/internal/printable"
	"goomtrain/internal/regular"
)

// maxFile is the size of the largest file that is read, in bytes. Those of the largest vocabularies have some 35 MB.
const maxFile = 64 << 20

// A File is a tokenizer that was read from a file, and its content.
type File struct {
	Tokenizer
	Content []byte
	SHA256  string // of Content, in hexadecimal digits
	ext     string
}

// A format reads the content of a file. The tokenizer has the name.
type format = func(name string, content []byte) (Tokenizer, error)

var formats = map[string]format{}

// RegisterFormat adds a form of files, by the extension of their names, such as ".json". It is meant for init functions,
// and panics if the extension is taken. A panic of read is an error of the file.
func RegisterFormat(ext string, read func(name string, content []byte) (Tokenizer, error)) {
	if formats[ext] != nil {
		panic(fmt.Sprintf("tokenizer: the extension %s is registered twice", ext))
	}
	formats[ext] = read
}

// IsPath reports whether a name is the path of a file rather than a registered name: it ends in .json or .model, or in
// the extension of another registered form of files.
func IsPath(name string) bool {
	ext := extension(name)
	return ext == ".json" || ext == ".model" || formats[ext] != nil
}

// Copy is the name of a file's copy in a run folder or beside a model: tokenizer with the extension of path.
func Copy(path string) string { return "tokenizer" + extension(path) }

// FileName is the Name of the tokenizer of a file with the extension of path and the checksum.
func FileName(path, sha256 string) string { return fmt.Sprintf("%s-%.16s", Copy(path), sha256) }

func extension(path string) string { return strings.ToLower(filepath.Ext(path)) }

// Open is New for a file that must have a checksum, in hexadecimal digits; "" accepts any. The checksum of a registered
// tokenizer is not looked at.
func Open(name, sha256 string) (Tokenizer, error) {
	if !IsPath(name) {
		return New(name)
	}
	f, err := readFile(name)
	if err != nil {
		return nil, err
	}
	if sha256 != "" && f.SHA256 != sha256 {
		return nil, fmt.Errorf("the tokenizer %s has changed: its SHA-256 is %.12s, but the run began with %.12s: restore the file, of which each checkpoint has a copy, or start a new run", name, f.SHA256, sha256)
	}
	return f, nil
}

// readFile reads a tokenizer from a file.
func readFile(path string) (f *File, err error) {
	ext := extension(path)
	read := formats[ext]
	if read == nil {
		return nil, fmt.Errorf("tokenizers in %s files are not linked into this program: import _ \"goomtrain/data\" in its main package", ext)
	}
	content, err := regular.ReadFile(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("tokenizer %s: the file is damaged: %s", path, printable.Line(fmt.Sprint(r)))
		}
	}()
	sum := sha256.Sum256(content)
	f = &File{Content: content, SHA256: hex.EncodeToString(sum[:]), ext: ext}
	if f.Tokenizer, err = read(FileName(path, f.SHA256), content); err != nil {
		return nil, fmt.Errorf("tokenizer %s: %w", path, err)
	}
	return f, nil
}

// CopyName is the name of the file's copy in a run folder or beside a model: tokenizer.json or tokenizer.model.
func (f *File) CopyName() string { return Copy(f.ext) }

// Save writes the content, unchanged, into a folder as CopyName.
func (f *File) Save(dir string) error {
	return atomicfile.WriteFile(filepath.Join(dir, f.CopyName()), f.Content)
}
