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

// A cache file is the row of tokens, then an index, then a footer of footerSize bytes; all numbers are little-endian.
// What is known only at the end stands at the end, so that the file is written in one go. The index is the number of
// tokens of each document (uint64), or, where there are files of rows, what index.append writes.
//
//	key      [32]byte  of the contents and the tokenizer
//	tokens   uint64
//	docs     uint64    documents; where there are files of rows, bytes of the index
//	width    uint32    bytes a token
//	checksum uint32    CRC-32C of everything before it
//	magic    [8]byte
const (
	footerSize = sha256.Size + 8 + 8 + 4 + 4 + 8
	magic      = "GOOMTOK1" // a change of the format, or of how text is cut, needs another
	rowsMagic  = "GOOMTOK2" // where there are files of rows
	cacheMin   = 1 << 20    // encoding less text than this is faster than maintaining a cache
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encode fills in the corpus's tokens, from the cache if that is possible.
func (c *Corpus) encode(docs []document, content [sha256.Size]byte, o Options) error {
	dir, err := cacheFolder(o.CacheDir)
	size := int64(0)
	for _, d := range docs {
		size += d.size
	}
	switch {
	case size < cacheMin || dir == "off":
		return c.encodeInMemory(docs, o)
	case err != nil:
		c.note("there is no cache folder (%v): the tokens are kept in memory", err)
		return c.encodeInMemory(docs, o)
	}
	key := cacheKey(content, o.Tokenizer)
	path := filepath.Join(dir, hex.EncodeToString(key[:16])+".tokens")
	err = c.openCache(path, key, docs, o)
	if err == nil || errors.As(err, new(sourceError)) {
		return err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		c.note("the token cache %s could not be used (%v) and is written again", path, err)
	}
	if err = writeCache(path, key, docs, o); err == nil {
		err = c.openCache(path, key, docs, o)
	}
	if errors.As(err, new(sourceError)) {
		return err
	}
	if err != nil {
		c.note("the token cache cannot be written (%v): the tokens are kept in memory", err)
		return c.encodeInMemory(docs, o)
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

func (c *Corpus) encodeInMemory(docs []document, o Options) error {
	var row bytes.Buffer
	if o.Tokenizer.Vocab() <= 256 && !hasRows(docs) { // at most a byte a token: the size is known well enough to allocate it once
		size := len(docs) + bytes.MinRead
		for _, d := range docs {
			size += int(d.size)
		}
		row.Grow(size)
	}
	x, err := encodeTo(&row, docs, o)
	if err != nil {
		return err
	}
	c.tokens = tokens{row.Bytes(), tokenWidth(o.Tokenizer.Vocab())}
	return c.setIndex(docs, x, o)
}

// setIndex takes over an index. It is an error if more rows were left out than may be, as when a cache was written under
// another limit.
func (c *Corpus) setIndex(docs []document, x *index, o Options) error {
	s := x.skipped
	if s.count > o.SkipBad {
		return sourceError{fmt.Errorf("%s without a text, the first: %s (-skip-bad-rows %d leaves them out)", printable.Count(s.count, "row"), s.first, s.count)}
	}
	if s.count > 0 {
		c.note("left out %s without a text, the first: %s", printable.Count(s.count, "row"), s.first)
	}
	c.Bytes = 0
	c.Documents, c.rows, c.Skipped = make([]Document, len(docs)), make([][]Row, len(docs)), s.count
	start := 0
	for i, d := range x.documents {
		c.Documents[i] = Document{docs[i].Name, start, d.tokens}
		c.rows[i] = d.rows
		c.Bytes += d.bytes
		start += d.tokens
	}
	return nil
}

// writeCache encodes the documents into a cache file, which appears under its name only when complete.
func writeCache(path string, key [sha256.Size]byte, docs []document, o Options) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	removeLeftovers(filepath.Dir(path))
	return atomicfile.Write(path, func(w io.Writer) error {
		out := &summingWriter{w: bufio.NewWriterSize(w, chunkSize), sum: crc32.New(castagnoli)}
		x, err := encodeTo(out, docs, o)
		if err != nil {
			return err
		}
		total, tail := 0, []byte(nil)
		for _, d := range x.documents {
			tail = binary.LittleEndian.AppendUint64(tail, uint64(d.tokens))
			total += d.tokens
		}
		count, end := len(docs), magic
		if hasRows(docs) {
			tail, end = x.append(nil), rowsMagic
			count = len(tail)
		}
		tail = append(tail, key[:]...)
		tail = binary.LittleEndian.AppendUint64(tail, uint64(total))
		tail = binary.LittleEndian.AppendUint64(tail, uint64(count))
		tail = binary.LittleEndian.AppendUint32(tail, uint32(tokenWidth(o.Tokenizer.Vocab())))
		if _, err := out.Write(tail); err != nil {
			return err
		}
		sum := binary.LittleEndian.AppendUint32(nil, out.sum.Sum32())
		if _, err := out.w.Write(append(sum, end...)); err != nil {
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
func (c *Corpus) openCache(path string, key [sha256.Size]byte, docs []document, o Options) error {
	f, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	x := newIndex(docs)
	total, err := x.checkCache(f, info.Size(), key, hasRows(docs), o.Tokenizer.Vocab())
	if err != nil {
		return err
	}
	data, release, err := mmap.Map(f)
	if err != nil {
		return err
	}
	if err := c.setIndex(docs, x, o); err != nil {
		release()
		return err
	}
	width := tokenWidth(o.Tokenizer.Vocab())
	c.tokens, c.release = tokens{data[:total*width], width}, release
	return nil
}

// checkCache reads a cache file through once, so that no page of it is counted as the program's memory,
// and fills in the index. It returns the number of tokens.
func (x *index) checkCache(f io.ReaderAt, size int64, key [sha256.Size]byte, rows bool, vocab int) (tokens int, err error) {
	if size < footerSize {
		return 0, fmt.Errorf("it has %d bytes, fewer than a footer", size)
	}
	var footer [footerSize]byte
	if _, err := f.ReadAt(footer[:], size-footerSize); err != nil {
		return 0, err
	}
	le, at := binary.LittleEndian, footer[sha256.Size:]
	total, count, width, sum := le.Uint64(at), le.Uint64(at[8:]), le.Uint32(at[16:]), le.Uint32(at[20:])
	end, entry, docs := magic, uint64(8), uint64(len(x.documents))
	if rows {
		end, entry, docs = rowsMagic, 1, count
	}
	switch {
	case string(at[24:]) != end:
		return 0, errors.New("it does not end like a token cache")
	case [sha256.Size]byte(footer[:]) != key:
		return 0, errors.New("it is of another text or tokenizer")
	case count != docs || width != uint32(tokenWidth(vocab)):
		return 0, fmt.Errorf("it has %d documents and %d bytes a token, expected %d and %d", count, width, docs, tokenWidth(vocab))
	}
	if docs > uint64(size) {
		return 0, fmt.Errorf("its %d bytes do not hold an index of %d", size, docs)
	}
	table := size - footerSize - int64(entry*docs) // where the index begins
	if table < 0 || total != uint64(table)/uint64(width) || table%int64(width) != 0 {
		return 0, fmt.Errorf("its %d bytes do not hold %d tokens of %d documents", size, total, docs)
	}
	check := tokenCheck{sum: crc32.New(castagnoli), width: int(width), vocab: vocab}
	buf := make([]byte, chunkSize) // a multiple of every width
	if _, err := io.CopyBuffer(struct{ io.Writer }{&check}, struct{ io.Reader }{io.NewSectionReader(f, 0, table)}, buf); err != nil {
		return 0, err
	}
	tail := make([]byte, size-table)
	if _, err := f.ReadAt(tail, table); err != nil {
		return 0, err
	}
	check.sum.Write(tail[:len(tail)-len(magic)-4])
	if got := check.sum.Sum32(); got != sum {
		return 0, fmt.Errorf("its checksum is %08x, expected %08x", got, sum)
	}
	b := tail[:len(tail)-footerSize]
	if rows {
		return int(total), x.read(b, total)
	}
	return int(total), x.readLengths(b, total)
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
