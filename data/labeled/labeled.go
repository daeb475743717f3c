package labeled

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"goomtrain/data/documents"
	"goomtrain/internal/printable"
)

// A Text is a text with its label.
type Text struct {
	Label string
	Body  []byte // at most MaxText bytes; the memory belongs to the caller of Read until the next text
}

// MaxText is the number of bytes that are read of a text.
const MaxText = 1 << 20

// maxLabel is the largest number of bytes of a label.
const maxLabel = 1 << 10

// Fields are the names of the columns of a table, or of the fields of JSON objects.
type Fields struct{ Text, Label string }

// Read calls yield with every text of a folder of classes or of a file, in the order of their names or rows. It returns
// the first error of the file or of yield. A file of a folder that is not UTF-8 text is left out, and
// named in skip, which may be nil; such a row is an error.
func Read(path string, f Fields, yield func(Text) error, skip func(file string)) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("no file or folder %q", path)
	}
	if info.IsDir() {
		return readFolder(path, yield, skip)
	}
	switch documents.FormatOf(path).Suffix {
	case ".jsonl", ".ndjson":
		return readFile(path, f, yield, readJSONL)
	case ".csv":
		return readFile(path, f, yield, func(in *reader) error { return readTable(in, ',') })
	case ".tsv":
		return readFile(path, f, yield, func(in *reader) error { return readTable(in, '\t') })
	}
	return fmt.Errorf("%s: labeled text is a folder with a folder for each class, or a file that ends in .jsonl, .ndjson, .csv or .tsv, or in one of them and .gz or .zst", path)
}

// cut returns at most the first MaxText bytes of a text, in whole characters.
func cut(text []byte) []byte {
	if len(text) <= MaxText {
		return text
	}
	end := MaxText
	for end > MaxText-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// checkLabel returns the label without spaces around it, or an error.
func checkLabel(label string) (string, error) {
	label = strings.TrimSpace(label)
	switch {
	case label == "":
		return "", fmt.Errorf("its label is empty")
	case len(label) > maxLabel:
		return "", fmt.Errorf("its label has %d bytes, at most %d are allowed: is it the field of the label?", len(label), maxLabel)
	case !utf8.ValidString(label):
		return "", fmt.Errorf("its label %s is not UTF-8", printable.Short(label, 40))
	case strings.IndexByte(label, 0) >= 0:
		return "", fmt.Errorf("its label %s has a NUL byte", printable.Short(label, 40))
	}
	return label, nil
}
