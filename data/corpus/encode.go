package corpus

import (
	"fmt"
	"io"
	"runtime"

	"goomtrain/data/tokenizer"
)

// piece is a part of the documents on its way through the tokenizer: parts of one or more texts of one document.
type piece struct {
	doc    int
	text   []byte // of all parts
	parts  []part
	tokens []byte
	err    error
	done   chan struct{} // closed when the tokens and their counts, or err, are there
}

// A part of a text.
type part struct {
	size   int    // bytes
	first  bool   // of its text: the separator comes before it
	id     uint64 // of the row that it is the first part of
	tokens int    // found in it, with the separator
}

// sourceError is an error of the texts or the tokenizer, not of the place that tokens are written to.
type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }

// encodeTo writes the tokens of all documents to w and returns where each is. One goroutine reads the documents in order
// and cuts them into pieces, one goroutine a core encodes pieces, and this one writes them in order. Only pieces that are
// not written yet are in memory.
func encodeTo(w io.Writer, docs []document, o Options) (*index, error) {
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *piece)
	order := make(chan *piece, 2*workers) // the same pieces, in the order to write them
	stop := make(chan struct{})
	defer close(stop) // after an error the reader must not wait for ever
	x := newIndex(docs)
	var skipped skipped // belongs to the reader until it closes order
	go func() {
		defer close(work)
		defer close(order)
		r := reader{limit: o.SkipBad, field: o.Field, skipped: &skipped, count: newProgress(o.Progress, "tokenizing", filesOf(docs))}
		for i, d := range docs {
			err := r.read(d, func(p *piece) bool {
				p.doc, p.done = i, make(chan struct{})
				return send(order, p, stop) && send(work, p, stop)
			})
			if err != nil {
				p := &piece{doc: i, err: err, done: make(chan struct{})}
				close(p.done)
				send(order, p, stop)
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for range workers {
		go func() {
			for p := range work {
				if p.encode(o.Tokenizer); p.err != nil {
					p.err = fmt.Errorf("%s: %w", docs[p.doc].Path, p.err)
				}
				close(p.done)
			}
		}()
	}
	for p := range order {
		<-p.done
		if p.err != nil {
			return nil, sourceError{p.err}
		}
		if _, err := w.Write(p.tokens); err != nil {
			return nil, err
		}
		x.add(p)
	}
	x.skipped = skipped
	return x, nil
}

func filesOf(docs []document) []File {
	files := make([]File, len(docs))
	for i, d := range docs {
		files[i] = d.File
	}
	return files
}

func send(c chan<- *piece, p *piece, stop <-chan struct{}) bool {
	select {
	case c <- p:
		return true
	case <-stop:
		return false
	}
}

// encode fills in the tokens and their counts. A panic of a tokenizer, which may be the user's, is an error of the
// data: it must not end the program from a goroutine that nobody can recover.
func (p *piece) encode(tok tokenizer.Tokenizer) {
	defer func() {
		if r := recover(); r != nil {
			p.err = fmt.Errorf("tokenizer %s fails: %v", tok.Name(), r)
		}
	}()
	width := tokenWidth(tok.Vocab())
	p.tokens = make([]byte, 0, (len(p.text)+len(p.parts))*width)
	for i, text := 0, p.text; i < len(p.parts); i++ {
		part := &p.parts[i]
		before := len(p.tokens)
		if part.first {
			p.tokens = appendToken(p.tokens, tok.Separator(), width)
		}
		for _, t := range tok.Encode(text[:part.size]) {
			if t < 0 || int(t) >= tok.Vocab() {
				p.err = fmt.Errorf("tokenizer %s gives token %d, but its vocabulary has %d", tok.Name(), t, tok.Vocab())
				return
			}
			p.tokens = appendToken(p.tokens, t, width)
		}
		part.tokens = (len(p.tokens) - before) / width
		text = text[part.size:]
	}
	p.text = nil
}
