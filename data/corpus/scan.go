package corpus

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"sync"
	"unicode/utf8"

	"goomtrain/data/documents"
	"goomtrain/data/tokenizer"
)

const (
	chunkSize = 256 << 10 // read at a time
	headSize  = 4 << 10   // shown to Options.Keep
)

// verdict says what became of a file.
type verdict int

const (
	kept verdict = iota
	empty
	binaryFile
	wide // text in units of two or four bytes
	notUTF8
	unwanted // by Options.Keep
)

// scanned is what one pass over a file finds out.
type scanned struct {
	verdict  verdict
	encoding string // of wide text, as iconv calls it
	badByte  int64  // offset of the first byte that is not text
	looks    string // the format that a file begins like that is neither text nor named after it, and its suffix
	format   documents.Format
	size     int64
	sum      Content // SHA-256
}

// content identifies what a corpus takes from the file.
func (s scanned) content(field string) Content {
	if s.format.Layout == documents.Text {
		return s.sum
	}
	return sha256.Sum256(fmt.Appendf(nil, "rows %d %q %x", s.format.Layout, field, s.sum))
}

// scan reads every file once, on all cores: is it text, how long is it, what is its hash.
func scan(files []File, o Options) ([]scanned, error) {
	count := newProgress(o.Progress, "reading", files)
	results := make([]scanned, len(files))
	errs := make([]error, len(files))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		workers.Go(func() {
			buf := make([]byte, chunkSize)
			for i := range next {
				results[i], errs[i] = scanFile(files[i], o.Keep, count, buf)
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err // the first by name, so that the message is the same each time
		}
	}
	return results, nil
}

func scanFile(file File, keep func(File, []byte) bool, count func(n int), buf []byte) (scanned, error) {
	format := documents.FormatOf(file.Name)
	f, err := documents.Open(file.Path, format, count)
	if err != nil {
		return scanned{}, fmt.Errorf("cannot read a file of the corpus: %w", err)
	}
	defer f.Close()
	s, hash := scanned{format: format}, sha256.New()
	if format.Layout != documents.Text {
		if s.size, err = io.CopyBuffer(hash, struct{ io.Reader }{f}, buf); err != nil {
			return scanned{}, fmt.Errorf("cannot read a file of the corpus: %s: %w", file.Path, err)
		}
		if s.size == 0 {
			s.verdict = empty
		}
		hash.Sum(s.sum[:0])
		return s, nil
	}
	rest := 0 // bytes at the front of buf: the beginning of a character that the last chunk ended in
	for {
		n, err := io.ReadFull(f, buf[rest:])
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return scanned{}, fmt.Errorf("cannot read a file of the corpus: %s: %w", file.Path, err)
		}
		text := buf[:rest+n]
		if s.size == 0 && keep != nil && !keep(file, text[:min(len(text), headSize)]) {
			return scanned{verdict: unwanted}, nil
		}
		hash.Write(text[rest:])
		if i := bytes.IndexByte(text, 0); i >= 0 {
			return s.refused(binaryFile, text, rest, i), nil
		}
		good := tokenizer.ValidPrefix(text)
		if good < len(text) && (last || utf8.FullRune(text[good:])) {
			return s.refused(notUTF8, text, rest, good), nil
		}
		s.size += int64(n)
		rest = copy(buf, text[good:])
		if last {
			break
		}
	}
	if s.size == 0 {
		s.verdict = empty
	}
	hash.Sum(s.sum[:0])
	return s, nil
}

// refused is the verdict on a file whose text, after s.size bytes of which rest are in it, is bad at an index.
func (s scanned) refused(v verdict, text []byte, rest, bad int) scanned {
	if s.size == 0 {
		if encoding := wideEncoding(text[:min(len(text), headSize)]); encoding != "" {
			return scanned{verdict: wide, encoding: encoding}
		}
	}
	looks := ""
	if name, suffix := documents.Signature(text); s.size == 0 && name != "" && s.format.Compression == documents.Plain {
		looks = fmt.Sprintf("%s: give it a name that ends in %s", name, suffix)
	}
	return scanned{verdict: v, badByte: s.size - int64(rest) + int64(bad), looks: looks}
}

// contentHash covers sizes, contents and, if named is set, names, in order, so that no two different lists of
// documents have the same bytes behind their hash.
func contentHash(docs []document, named bool) [sha256.Size]byte {
	hash := sha256.New()
	var number [8]byte
	for _, d := range docs {
		if named {
			binary.LittleEndian.PutUint64(number[:], uint64(len(d.Name)))
			hash.Write(number[:])
			io.WriteString(hash, d.Name)
		}
		binary.LittleEndian.PutUint64(number[:], uint64(d.size))
		hash.Write(number[:])
		hash.Write(d.sum[:])
	}
	return [sha256.Size]byte(hash.Sum(nil))
}
