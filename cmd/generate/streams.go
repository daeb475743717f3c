package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/sampling"
)

// togetherMost is the number of texts that are generated together if they have different prompts.
const togetherMost = 256

// A continuation is a text to generate.
type continuation struct {
	prompt, stream int // numbers from 0 on
	tokens         []int32
	ended          bool // by the token that begins a document
}

// A batch generates texts together.
type batch[F params.Float] struct {
	job
	model   *models.Model[F]
	tok     tokenizer.Tokenizer
	prompts [][]byte
	streams *models.Streams[F] // of the last group; nil: none yet

	read, written    int // tokens
	reading, drawing time.Duration
}

// writeAll generates the texts of all prompts and prints them in order.
func writeAll[F params.Float](j job, model *models.Model[F], tok tokenizer.Tokenizer) error {
	if j.saved.Config.Common().ResetDocuments && !j.o.stop {
		return errors.New("this model starts anew at each document, which several texts at once cannot: add -stop, which ends a text there")
	}
	prompts, err := j.prompts()
	if err != nil {
		return err
	}
	b := &batch[F]{job: j, model: model, tok: tok, prompts: prompts}
	some := max(1, togetherMost/j.o.streams)
	for first := 0; first < len(prompts) && err == nil; first += some {
		err = b.run(first, min(first+some, len(prompts)))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(j.stderr, "%s read in %v, %s of %s written at %.0f tokens/s\n", printable.Count(b.read, "token"), b.reading.Round(time.Millisecond),
		printable.Count(b.written, "token"), printable.Count(len(prompts)*j.o.streams, "text"), float64(b.written)/max(b.drawing.Seconds(), 1e-9))
	return nil
}

// prompted is a prompt that has been read.
type prompted[F params.Float] struct {
	number int
	stream *models.Stream[F]
	logits []F
	length int // tokens
}

// run generates and prints the texts of prompts [lo, hi). After an interrupt it prints what there is.
func (b *batch[F]) run(lo, hi int) error {
	begin := time.Now()
	var waiting []prompted[F]
	for i := lo; i < hi; i++ {
		stream, err := b.model.NewStream()
		if err != nil {
			return err
		}
		tokens := append([]int32{b.tok.Separator()}, b.tok.Encode(b.prompts[i])...) // in training one preceded every document
		logits, err := read(b.ctx, stream, tokens)
		if err != nil {
			return b.at(i, err)
		}
		b.read += len(tokens)
		waiting = append(waiting, prompted[F]{i, stream, append([]F(nil), logits...), len(tokens)})
	}
	b.reading += time.Since(begin)
	texts := make([]continuation, (hi-lo)*b.o.streams)
	for i := range texts {
		texts[i].prompt, texts[i].stream = lo+i/b.o.streams, i%b.o.streams
	}
	begin = time.Now()
	var err error
	for len(waiting) > 0 && err == nil {
		var group, rest []prompted[F]
		for _, p := range waiting {
			if b.model.Together(waiting[0].stream, p.stream) {
				group = append(group, p)
			} else {
				rest = append(rest, p)
			}
		}
		err = b.generate(group, func(p, stream int) *continuation { return &texts[(p-lo)*b.o.streams+stream] })
		waiting = rest
	}
	b.drawing += time.Since(begin)
	if err != nil && (b.ctx.Err() == nil || !errors.Is(err, b.ctx.Err())) {
		return err
	}
	for _, t := range texts {
		b.written += len(t.tokens)
		if perr := b.print(t); perr != nil {
			return perr
		}
	}
	return err
}

// at says in an error which prompt it is about.
func (b *batch[F]) at(prompt int, err error) error {
	if len(b.prompts) == 1 || b.ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("prompt %d: %w", prompt+1, err)
}

// generate generates the texts of prompts whose streams can run together.
func (b *batch[F]) generate(group []prompted[F], text func(prompt, stream int) *continuation) error {
	n, per := len(group)*b.o.streams, b.o.streams
	tokens := b.o.n
	if left, limited := group[0].stream.Left(); limited && tokens > left {
		fmt.Fprintf(b.stderr, "note: the model's context ends after %d of the %s (-n)\n", left, printable.Count(tokens, "token"))
		tokens = left
	}
	if err := b.fits(group[0], n, tokens); err != nil {
		return err
	}
	var err error
	if b.streams == nil || b.streams.Len() != n {
		b.streams = nil // free it before another one is made
		if b.streams, err = b.model.NewStreams(n); err != nil {
			return err
		}
	}
	b.streams.Reset()
	var logits []F
	samplers := make([]*sampling.Sampler[F], n)
	for i := range n {
		p := group[i/per]
		if err := b.streams.Set(i, p.stream); err != nil {
			return err
		}
		if samplers[i], err = sampling.NewNumbered[F](b.o.sampling, b.o.seed, i%per); err != nil {
			return err
		}
		logits = append(logits, p.logits...)
	}
	return sampling.GenerateAll(b.streams, logits, samplers, tokens, func(i int, token int32) (bool, error) {
		t := text(group[i/per].number, i%per)
		if t.ended = b.o.stop && beginsDocument(token, b.model, b.tok); t.ended {
			return false, nil
		}
		t.tokens = append(t.tokens, token)
		return true, b.ctx.Err()
	})
}

// print prints a text with its prompt: below a line that tells which it is if there are several, or as JSON.
func (b *batch[F]) print(t continuation) error {
	prompt, text := b.prompts[t.prompt], b.tok.Decode(t.tokens)
	if b.o.json {
		line := new(bytes.Buffer)
		e := json.NewEncoder(line)
		e.SetEscapeHTML(false)
		if err := e.Encode(struct {
			Prompt string `json:"prompt"`
			Stream int    `json:"stream"`
			Text   string `json:"text"`
			Tokens int    `json:"tokens"`
			Ended  bool   `json:"ended"`
		}{string(prompt), t.stream + 1, string(text), len(t.tokens), t.ended}); err != nil {
			return err
		}
		_, err := b.text.out.Write(printable.JSON(line.Bytes()))
		return err
	}
	if len(b.prompts)*b.o.streams > 1 {
		title := fmt.Sprintf("stream %d", t.stream+1)
		switch {
		case b.o.streams == 1:
			title = fmt.Sprintf("prompt %d", t.prompt+1)
		case len(b.prompts) > 1:
			title = fmt.Sprintf("prompt %d, %s", t.prompt+1, title)
		}
		if _, err := fmt.Fprintf(b.text.out, "--- %s ---\n", title); err != nil {
			return err
		}
	}
	for _, part := range [][]byte{prompt, text} {
		if err := b.text.write(part); err != nil {
			return err
		}
	}
	err := b.text.flush()
	if err == nil && !b.text.terminal { // on a terminal flush ends the line
		_, err = fmt.Fprintln(b.text.out)
	}
	return err
}

// cacheTile is the number of positions by which a cache of keys and values grows.
const cacheTile = 128

// fits returns an error if the states of n streams, which have read a prompt and are to read so many tokens more, need more
// memory than there is.
func (b *batch[F]) fits(p prompted[F], n, tokens int) error {
	fresh, err := b.model.NewStream()
	if err != nil {
		return err
	}
	tiles := func(tokens int) float64 { return float64((tokens + cacheTile - 1) / cacheTile) }
	begin, now := stateBytes(fresh.State()), stateBytes(p.stream.State())
	need := float64(n) * (begin + (now-begin)*tiles(p.length+tokens)/tiles(p.length))
	if has, known := availableMemory(); known && need > has {
		return fmt.Errorf("the states of %d streams of %s need about %.3g GB, but the machine has %.3g GB left: choose fewer -streams, or a smaller -n",
			n, printable.Count(p.length+tokens, "token"), need/1e9, has/1e9)
	}
	return nil
}

// stateBytes returns the size of arrays.
func stateBytes(arrays []params.Array) (bytes float64) {
	for _, a := range arrays {
		bytes += float64(reflect.ValueOf(a.Data).Len()) * float64(reflect.TypeOf(a.Data).Elem().Size())
	}
	return bytes
}
