package corpus

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"goomtrain/data/documents"
	"goomtrain/data/tokenizer"
)

// Options say how to read a corpus.
type Options struct {
	Tokenizer tokenizer.Tokenizer
	CacheDir  string // "": $GOOMTRAIN_CACHE, or goomtrain in the user's cache folder; "off": keep tokens in memory
	// Keep decides by a file's name and first 4 kB whether it belongs to the corpus; nil keeps all. It is
	// called by several goroutines at once.
	Keep    func(f File, head []byte) bool
	Repeats bool // keep files whose content is that of others

	Field   string // of the text in files of rows; see package documents. "": text
	SkipBad int    // rows without a text that are left out; one more is an error
	// Known has the names of files that are part of other corpora, by content. Files with these contents are left out,
	// and Load adds those that it keeps. nil: there are no others.
	Known map[Content]string
	// Progress is called while files are read: with what is being done, and how many bytes of how many are read. Calls
	// do not overlap. nil: nobody is told.
	Progress func(what string, done, total int64)
}

// Content identifies the content of a file.
type Content [sha256.Size]byte

// A Document is one file's stretch of the row of tokens. Its separator stands first, or, in a file of rows, that of the
// first row.
type Document struct {
	Name       string
	Start, Len int // in tokens
}

// A Corpus is text as one long row of tokens. It is safe for concurrent use until it is closed.
type Corpus struct {
	Documents []Document
	Bytes     int64    // of text
	Hash      string   // hex SHA-256 of the contents and, where there are several documents, of their names, which decide the split
	NamedHash string   // as Hash, but always of the names too: the Hash of earlier versions
	Notes     []string // notes for the user, in lines safe to print: files left out, a cache that could not be used

	Contents []Content // of the files of Documents
	Skipped  int       // rows without a text that were left out

	tokens  tokens
	rows    [][]Row // of each document; nil: it is not a file of rows
	release func() error
}

// A Row is one row of a file of rows, which is a document of its own.
type Row struct {
	ID  uint64 // from the hash of its text
	Len int    // in tokens, its separator included
}

// Rows returns the rows with text of a document, in order; nil if it is not a file of rows.
func (c *Corpus) Rows(document int) []Row { return c.rows[document] }

// Texts is the number of texts: of files that are one text, and of rows.
func (c *Corpus) Texts() (n int) {
	for _, rows := range c.rows {
		n += len(rows)
		if rows == nil {
			n++
		}
	}
	return n
}

// document is a file that is part of the corpus, before it is encoded.
type document struct {
	File
	format documents.Format
	size   int64
	sum    Content // of text, its SHA-256
}

// Load reads the files that are text and encodes them, or finds their tokens in the cache. It is an error
// if none of them is text, or if one cannot be read.
func Load(files []File, o Options) (*Corpus, error) {
	if o.Known == nil {
		o.Known = map[Content]string{}
	}
	o.Field = cmp.Or(o.Field, "text")
	found, err := scan(files, o)
	if err != nil {
		return nil, err
	}
	c, docs := &Corpus{}, []document(nil)
	out := leftOut{files: len(files)}
	for i, s := range found {
		sum := s.content(o.Field)
		first, again := o.Known[sum]
		switch {
		case s.verdict != kept:
			out.add(reasons[s.verdict], files[i].Name)
		case again && !o.Repeats:
			out.add(repeats, fmt.Sprintf("%s, which has the text of %s", files[i].Name, first))
		default:
			o.Known[sum] = files[i].Name
			docs = append(docs, document{files[i], s.format, s.size, sum})
		}
	}
	if len(docs) == 0 {
		return nil, out.everything(files, found)
	}
	for _, d := range docs {
		c.Contents = append(c.Contents, d.sum)
	}
	c.Notes = out.notes(reasons[binaryFile], reasons[wide], reasons[notUTF8], repeats)
	named := contentHash(docs, true)
	hash := contentHash(docs, len(docs) > 1)
	c.Hash, c.NamedHash = hex.EncodeToString(hash[:]), hex.EncodeToString(named[:])
	if err := c.encode(docs, named, o); err != nil { // by the hash that earlier versions named their caches after
		return nil, err
	}
	if c.Len() == 0 {
		return nil, fmt.Errorf("%s has no row with a text", docs[0].Path)
	}
	return c, nil
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
