package corpus

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"
	"unicode/utf8"

	"goomtrain/data/tokenizer"
	"goomtrain/internal/regular"
)

const (
	pieceSize    = 64 << 10 // of text, given to a tokenizer at a time
	maxPieceSize = 1 << 20  // where there is no white space to cut at
)

// piece is a part of a document on its way through the tokenizer.
type piece struct {
	doc    int
	first  bool // of its document: the separator comes before it
	text   []byte
	tokens []byte
	count  int
	err    error
	done   chan struct{} // closed when tokens, count and err are there
}

// sourceError is an error of the texts or the tokenizer, not of the place that tokens are written to.
type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }

// encodeTo writes the tokens of all documents to w and returns the number of tokens of each document, with its
// separator. One goroutine reads the documents in order and cuts them into pieces, one goroutine a core encodes
// pieces, and this one writes them in order. Only pieces that are not written yet are in memory.
func encodeTo(w io.Writer, docs []document, tok tokenizer.Tokenizer) (lengths []int, err error) {
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *piece)
	order := make(chan *piece, 2*workers) // the same pieces, in the order to write them
	stop := make(chan struct{})
	defer close(stop) // after an error the reader must not wait for ever
	go func() {
		defer close(work)
		defer close(order)
		for i, d := range docs {
			err := d.pieces(func(text []byte, first bool) bool {
				p := &piece{doc: i, first: first, text: text, done: make(chan struct{})}
				return send(order, p, stop) && send(work, p, stop)
			})
			if err != nil {
				p := &piece{doc: i, err: err, done: make(chan struct{})}
				close(p.done)
				send(order, p, stop)
				return
			}
		}
	}()
	for range workers {
		go func() {
			for p := range work {
				p.encode(tok)
				close(p.done)
			}
		}()
	}
	lengths = make([]int, len(docs))
	for p := range order {
		<-p.done
		if p.err != nil {
			return nil, sourceError{fmt.Errorf("%s: %w", docs[p.doc].Path, p.err)}
		}
		if _, err := w.Write(p.tokens); err != nil {
			return nil, err
		}
		lengths[p.doc] += p.count
	}
	return lengths, nil
}

func send(c chan<- *piece, p *piece, stop <-chan struct{}) bool {
	select {
	case c <- p:
		return true
	case <-stop:
		return false
	}
}

// encode fills in tokens and count. A panic of a tokenizer, which may be the user's, is an error of the
// data: it must not end the program from a goroutine that nobody can recover.
func (p *piece) encode(tok tokenizer.Tokenizer) {
	defer func() {
		if r := recover(); r != nil {
			p.err = fmt.Errorf("tokenizer %s fails: %v", tok.Name(), r)
		}
	}()
	width := tokenWidth(tok.Vocab())
	found := tok.Encode(p.text)
	p.tokens = make([]byte, 0, (len(found)+1)*width)
	if p.first {
		p.tokens = appendToken(p.tokens, tok.Separator(), width)
	}
	for _, t := range found {
		if t < 0 || int(t) >= tok.Vocab() {
			p.err = fmt.Errorf("tokenizer %s gives token %d, but its vocabulary has %d", tok.Name(), t, tok.Vocab())
			return
		}
		p.tokens = appendToken(p.tokens, t, width)
	}
	p.count = len(p.tokens) / width
	p.text = nil
}

// pieces reads the document and yields it piece by piece until yield says no; each piece is memory of its
// own. The document must still have the content that was scanned.
func (d document) pieces(yield func(text []byte, first bool) bool) error {
	f, err := regular.Open(d.Path)
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
	if [sha256.Size]byte(hash.Sum(nil)) != d.sum {
		return fmt.Errorf("the file was changed while it was read: start again when it is complete")
	}
	return nil
}

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

func isSpace(b byte) bool { return b == ' ' || '\t' <= b && b <= '\r' }
