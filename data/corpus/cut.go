package corpus

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"unicode/utf8"

	"goomtrain/data/documents"
)

const (
	pieceSize    = 64 << 10 // of text, given to a tokenizer at a time
	maxPieceSize = 1 << 20  // where there is no white space to cut at
)

// pieces reads the document and yields it piece by piece until yield says no; each piece is memory of its
// own. The document must still have the content that was scanned.
func (d document) pieces(count func(n int), yield func(text []byte, first bool) bool) error {
	f, err := documents.Open(d.Path, d.format, count)
	if err != nil {
		return err
	}
	defer f.Close()
	hash, first := sha256.New(), true
	var text []byte // read and not yet yielded
	for last := false; !last; {
		old := len(text)
		text = append(text, make([]byte, pieceSize)...)
		n, err := io.ReadFull(f, text[old:])
		text = text[:old+n]
		hash.Write(text[old:])
		last = err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return err
		}
		cut := len(text)
		if !last {
			cut = cutBefore(text)
		}
		if cut == 0 {
			continue // no place to cut yet: read on
		}
		if !yield(text[:cut:cut], first) {
			return nil
		}
		text, first = bytes.Clone(text[cut:]), false
	}
	if Content(hash.Sum(nil)) != d.sum {
		return errChanged
	}
	return nil
}

var errChanged = errors.New("the file was changed while it was read: start again when it is complete")

// cutBefore returns the length of the part of text that can be encoded by itself. It ends before the last ASCII white
// space that follows another ASCII character, because no token of a usual tokenizer contains both. If there is no such
// place, the result is 0, which asks for more text, or, from a megabyte of text on, the last boundary between
// characters.
func cutBefore(text []byte) int {
	for i := len(text) - 1; i > 0; i-- {
		if isSpace(text[i]) && text[i-1] < utf8.RuneSelf && text[i-1] > ' ' {
			return i
		}
	}
	if len(text) < maxPieceSize {
		return 0
	}
	i := len(text) - 1
	for i > len(text)-utf8.UTFMax && !utf8.RuneStart(text[i]) {
		i--
	}
	return i
}

// cutRow returns the length of the part of a text in memory that is encoded next: of about pieceSize bytes.
func cutRow(text []byte) int {
	for n := pieceSize; n < len(text); n += pieceSize {
		if cut := cutBefore(text[:n]); cut > 0 {
			return cut
		}
	}
	return len(text)
}

func isSpace(b byte) bool { return b == ' ' || '\t' <= b && b <= '\r' }
