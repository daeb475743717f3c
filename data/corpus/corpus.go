package corpus

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

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
	Hash      string   // hex SHA-256 of the contents and, where there are several documents, of their names, which decide the split
	NamedHash string   // as Hash, but always of the names too: the Hash of earlier versions
	Notes     []string // notes for the user, in lines safe to print: files left out, a cache that could not be used

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
		case again && !o.Repeats:
			out.add(repeats, fmt.Sprintf("%s, which has the text of %s", files[i].Name, first))
		default:
			names[s.sum] = files[i].Name
			docs = append(docs, document{files[i], s.size, s.sum})
			c.Bytes += s.size
		}
	}
	if len(docs) == 0 {
		return nil, out.everything(files, found)
	}
	c.Notes = out.notes(reasons[binaryFile], reasons[wide], reasons[notUTF8], repeats)
	named := contentHash(docs, true)
	hash := contentHash(docs, len(docs) > 1)
	c.Hash, c.NamedHash = hex.EncodeToString(hash[:]), hex.EncodeToString(named[:])
	if err := c.encode(docs, named, o); err != nil { // by the hash that earlier versions named their caches after
		return nil, err
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
