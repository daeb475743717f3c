package corpus

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
)

// Options say how to read a corpus.
type Options struct {
	Tokenizer tokenizer.Tokenizer
	CacheDir  string // "": $GOOMTRAIN_CACHE, or goomtrain in the user's cache folder; "off": keep tokens in memory
	// Keep decides by a file's name and first 4 kB whether it belongs to the corpus; nil keeps all. It is
	// called by several goroutines at once.
	Keep func(f File, head []byte) bool
}

// A Document is one file's stretch of the row of tokens, its separator first.
type Document struct {
	Name       string
	Start, Len int // in tokens
}

// A Corpus is text as one long row of tokens. It is safe for concurrent use until it is closed.
type Corpus struct {
	Documents []Document
	Bytes     int64    // of text
	Hash      string   // of names and contents, hex SHA-256
	Notes     []string // what the user should be told once, in lines safe to print: files left out, a cache that could not be used

	tokens  tokens
	release func() error
}

// document is a file that is part of the corpus, before it is encoded.
type document struct {
	File
	size int64
	sum  [sha256.Size]byte
}

// Load reads the files that are text and encodes them, or finds their tokens in the cache. It is an error
// if none of them is text, or if one cannot be read.
func Load(files []File, o Options) (*Corpus, error) {
	found, err := scan(files, o.Keep)
	if err != nil {
		return nil, err
	}
	c, docs := &Corpus{}, []document(nil)
	names := map[[sha256.Size]byte]string{} // of the documents, by content
	out := leftOut{files: len(files)}
	for i, s := range found {
		first, again := names[s.sum]
		switch {
		case s.verdict != kept:
			out.add(reasons[s.verdict], files[i].Name)
		case again:
			out.add(repeats, fmt.Sprintf("%s, which has the text of %s", files[i].Name, first))
		default:
			names[s.sum] = files[i].Name
			docs = append(docs, document{files[i], s.size, s.sum})
			c.Bytes += s.size
		}
	}
	if len(docs) == 0 {
		return nil, nothingLeft(files, found)
	}
	c.Notes = out.notes(reasons[binaryFile], reasons[wide], reasons[notUTF8], repeats)
	sum := contentHash(docs)
	c.Hash = hex.EncodeToString(sum[:])
	if err := c.encode(docs, sum, o); err != nil {
		return nil, err
	}
	return c, nil
}

var reasons = map[verdict]string{
	empty:      "empty",
	binaryFile: "binary (they hold NUL bytes)",
	wide:       "in UTF-16 or UTF-32, not in UTF-8",
	notUTF8:    "not UTF-8 text",
	unwanted:   "not wanted",
}

// repeats is why a file is left out whose content is that of another: the same file under another name, a
// link, or a copy. Counted twice, it could be trained on and validated on.
const repeats = "repetitions of others"

// leftOut counts the files that are not part of a corpus, by reason.
type leftOut struct {
	files   int // all of them
	count   map[string]int
	example map[string]string
}

func (l *leftOut) add(reason, example string) {
	if l.count == nil {
		l.count, l.example = map[string]int{}, map[string]string{}
	}
	if l.count[reason]++; l.count[reason] == 1 {
		l.example[reason] = example
	}
}

// notes tells of the files left out for these reasons, whose names are made safe for a terminal.
func (l *leftOut) notes(reasons ...string) []string {
	var notes []string
	for _, r := range reasons {
		if l.count[r] > 0 {
			notes = append(notes, fmt.Sprintf("left out %d of %d files because they are %s (the first: %s)", l.count[r], l.files, r, printable.Line(l.example[r])))
		}
	}
	return notes
}

// nothingLeft says why no file is text, precisely if there is only one.
func nothingLeft(files []File, found []scanned) error {
	if len(files) > 1 {
		var counts []string
		for v := empty; v <= unwanted; v++ {
			n := 0
			for _, s := range found {
				if s.verdict == v {
					n++
				}
			}
			if n > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", n, reasons[v]))
			}
		}
		return fmt.Errorf("none of the %d files below %s can be trained on: %s; name UTF-8 text files", len(files), filepath.Dir(files[0].Path), strings.Join(counts, ", "))
	}
	switch path := files[0].Path; found[0].verdict {
	case empty:
		return fmt.Errorf("%s is empty: name a file with text in it", path)
	case binaryFile:
		return fmt.Errorf("%s is not text: byte %d is NUL; name a UTF-8 text file", path, found[0].badByte)
	case wide:
		return fmt.Errorf("%s is %s text, not UTF-8; convert it (iconv -f %[2]s -t UTF-8)", path, found[0].encoding)
	case notUTF8:
		return fmt.Errorf("%s is not UTF-8 text: byte %d is the first that is not; convert it from the encoding that it is in (iconv -f YOUR-ENCODING -t UTF-8)", path, found[0].badByte)
	default:
		return fmt.Errorf("%s is not wanted in this corpus", path)
	}
}

// Len is the number of tokens, separators included.
func (c *Corpus) Len() int { return c.tokens.len() }

// Close gives the memory of the tokens back. Streams of the corpus must not be read any more.
func (c *Corpus) Close() error {
	release := c.release
	c.tokens, c.release = tokens{}, nil
	if release == nil {
		return nil
	}
	return release()
}
