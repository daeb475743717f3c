package corpus

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"goomtrain/data/tokenizer"
	"goomtrain/internal/atomicfile"
	"goomtrain/internal/mmap"
	"goomtrain/internal/printable"
	"goomtrain/internal/regular"
)

// A cache file is the row of tokens, then the number of tokens of each document (uint64), then a footer of
// footerSize bytes; all numbers are little-endian. What is known only at the end stands at the end, so that
// the file is written in one go.
//
//	key      [32]byte  of the contents and the tokenizer
//	tokens   uint64
//	docs     uint64
//	width    uint32    bytes a token
//	checksum uint32    CRC-32C of everything before it
//	magic    [8]byte
const (
	footerSize = sha256.Size + 8 + 8 + 4 + 4 + 8
	magic      = "GOOMTOK1" // a change of the format, or of how text is cut, needs another
	cacheMin   = 1 << 20    // encoding less text than this is faster than maintaining a cache
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encode fills in the corpus's tokens, from the cache if that is possible.
func (c *Corpus) encode(docs []document, content [sha256.Size]byte, o Options) error {
	dir, err := cacheFolder(o.CacheDir)
	switch {
	case c.Bytes < cacheMin || dir == "off":
		return c.encodeInMemory(docs, o.Tokenizer)
	case err != nil:
		c.note("there is no cache folder (%v): the tokens are kept in memory", err)
		return c.encodeInMemory(docs, o.Tokenizer)
	}
	key := cacheKey(content, o.Tokenizer)
	path := filepath.Join(dir, hex.EncodeToString(key[:16])+".tokens")
	err = c.openCache(path, key, docs, o.Tokenizer)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		c.note("the token cache %s could not be used (%v) and is written again", path, err)
	}
	if err = writeCache(path, key, docs, o.Tokenizer); err == nil {
		err = c.openCache(path, key, docs, o.Tokenizer)
	}
	if errors.As(err, new(sourceError)) {
		return err
	}
	if err != nil {
		c.note("the token cache cannot be written (%v): the tokens are kept in memory", err)
		return c.encodeInMemory(docs, o.Tokenizer)
	}
	return nil
}

func (c *Corpus) note(format string, args ...any) {
	c.Notes = append(c.Notes, printable.Line(fmt.Sprintf(format, args...)))
}

// cacheFolder is the folder to keep token files in, or "off".
func cacheFolder(dir string) (string, error) {
	if dir == "" {
		dir = os.Getenv("GOOMTRAIN_CACHE")
	}
	if dir != "" {
		return dir, nil
	}
	user, err := os.UserCacheDir()
	return filepath.Join(user, "goomtrain"), err
}

func cacheKey(content [sha256.Size]byte, tok tokenizer.Tokenizer) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s %x %q %d %d", magic, content, tok.Name(), tok.Vocab(), tok.Separator()))
}

func (c *Corpus) encodeInMemory(docs []document, tok tokenizer.Tokenizer) error {
	var row bytes.Buffer
	if tok.Vocab() <= 256 { // at most a byte a token: the size is known well enough to allocate it once
		row.Grow(int(c.Bytes) + len(docs) + bytes.MinRead)
	}
	lengths, err := encodeTo(&row, docs, tok)
	if err != nil {
		return err
	}
	c.tokens = tokens{row.Bytes(), tokenWidth(tok.Vocab())}
	c.setDocuments(docs, lengths)
	return nil
}

func (c *Corpus) setDocuments(docs []document, lengths []int) {
	c.Documents = make([]Document, len(docs))
	start := 0
	for i, d := range docs {
		c.Documents[i] = Document{d.Name, start, lengths[i]}
		start += lengths[i]
	}
}

// writeCache encodes the documents into a cache file, which appears under its name only when complete.
func writeCache(path string, key [sha256.Size]byte, docs []document, tok tokenizer.Tokenizer) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	removeLeftovers(filepath.Dir(path))
	return atomicfile.Write(path, func(w io.Writer) error {
		out := &summingWriter{w: bufio.NewWriterSize(w, chunkSize), sum: crc32.New(castagnoli)}
		lengths, err := encodeTo(out, docs, tok)
		if err != nil {
			return err
		}
		total, tail := 0, []byte(nil)
		for _, n := range lengths {
			tail = binary.LittleEndian.AppendUint64(tail, uint64(n))
			total += n
		}
		tail = append(tail, key[:]...)
		tail = binary.LittleEndian.AppendUint64(tail, uint64(total))
		tail = binary.LittleEndian.AppendUint64(tail, uint64(len(docs)))
		tail = binary.LittleEndian.AppendUint32(tail, uint32(tokenWidth(tok.Vocab())))
		if _, err := out.Write(tail); err != nil {
			return err
		}
		end := binary.LittleEndian.AppendUint32(nil, out.sum.Sum32())
		if _, err := out.w.Write(append(end, magic...)); err != nil {
			return err
		}
		return out.w.Flush()
	})
}

// removeLeftovers deletes what processes that were killed while writing left in the cache folder: their
// temporary files, once no living process can still be at work on them.
func removeLeftovers(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // writing will say why
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), atomicfile.TempPrefix) && time.Since(info.ModTime()) > 24*time.Hour {
			os.Remove(filepath.Join(dir, e.Name())) // best effort
		}
	}
}

// summingWriter passes on what it is given and keeps a checksum of it.
type summingWriter struct {
	w   *bufio.Writer
	sum hash.Hash32
}

func (s *summingWriter) Write(p []byte) (int, error) {
	s.sum.Write(p)
	return s.w.Write(p)
}

// openCache takes the tokens from a cache file, after checking that it is whole, that it is of this
// content and tokenizer, and that every token is in the vocabulary.
func (c *Corpus) openCache(path string, key [sha256.Size]byte, docs []document, tok tokenizer.Tokenizer) error {
	f, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	lengths, err := checkCache(f, info.Size(), key, len(docs), tok.Vocab())
	if err != nil {
		return err
	}
	data, release, err := mmap.Map(f)
	if err != nil {
		return err
	}
	total := 0
	for _, n := range lengths {
		total += n
	}
	width := tokenWidth(tok.Vocab())
	c.tokens, c.release = tokens{data[:total*width], width}, release
	c.setDocuments(docs, lengths)
	return nil
}

// checkCache reads a cache file through once, so that no page of it is counted as the program's memory,
// and returns the lengths of its documents.
func checkCache(f io.ReaderAt, size int64, key [sha256.Size]byte, docs, vocab int) (lengths []int, err error) {
	if size < footerSize {
		return nil, fmt.Errorf("it has %d bytes, fewer than a footer", size)
	}
	var footer [footerSize]byte
	if _, err := f.ReadAt(footer[:], size-footerSize); err != nil {
		return nil, err
	}
	le, at := binary.LittleEndian, footer[sha256.Size:]
	total, foundDocs, width, sum := le.Uint64(at), le.Uint64(at[8:]), le.Uint32(at[16:]), le.Uint32(at[20:])
	switch {
	case string(at[24:]) != magic:
		return nil, errors.New("it does not end like a token cache")
	case [sha256.Size]byte(footer[:]) != key:
		return nil, errors.New("it is of another text or tokenizer")
	case foundDocs != uint64(docs) || width != uint32(tokenWidth(vocab)):
		return nil, fmt.Errorf("it has %d documents and %d bytes a token, expected %d and %d", foundDocs, width, docs, tokenWidth(vocab))
	}
	table := size - footerSize - 8*int64(docs) // where the lengths of the documents begin
	if table < 0 || total != uint64(table)/uint64(width) || table%int64(width) != 0 {
		return nil, fmt.Errorf("its %d bytes do not hold %d tokens of %d documents", size, total, docs)
	}
	check := tokenCheck{sum: crc32.New(castagnoli), width: int(width), vocab: vocab}
	buf := make([]byte, chunkSize) // a multiple of every width
	if _, err := io.CopyBuffer(struct{ io.Writer }{&check}, struct{ io.Reader }{io.NewSectionReader(f, 0, table)}, buf); err != nil {
		return nil, err
	}
	tail := make([]byte, size-table)
	if _, err := f.ReadAt(tail, table); err != nil {
		return nil, err
	}
	check.sum.Write(tail[:len(tail)-len(magic)-4])
	if got := check.sum.Sum32(); got != sum {
		return nil, fmt.Errorf("its checksum is %08x, expected %08x", got, sum)
	}
	left := total
	lengths = make([]int, docs)
	for i := range lengths {
		n := le.Uint64(tail[8*i:])
		if n == 0 || n > left {
			return nil, fmt.Errorf("document %d has %d tokens, %d are left", i, n, left)
		}
		lengths[i], left = int(n), left-n
	}
	if left != 0 {
		return nil, fmt.Errorf("%d tokens belong to no document", left)
	}
	return lengths, nil
}

// tokenCheck sums up whole tokens and refuses those outside the vocabulary.
type tokenCheck struct {
	sum          hash.Hash32
	width, vocab int
}

func (c *tokenCheck) Write(p []byte) (int, error) {
	c.sum.Write(p)
	if c.vocab >= 1<<(8*c.width) {
		return len(p), nil
	}
	row, one := tokens{p, c.width}, [1]int32{}
	for i := range row.len() {
		if row.copy(one[:], i); one[0] < 0 || int(one[0]) >= c.vocab {
			return 0, fmt.Errorf("it has token %d, the vocabulary %d", one[0], c.vocab)
		}
	}
	return len(p), nil
}
