package board

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/sampling"

	_ "goomtrain/data/gpt2" // runs trained with -tokenizer gpt2
)

const (
	maxPrompt   = 1 << 14 // bytes
	generateFor = 5 * time.Minute
	promptPiece = 256                   // tokens of the prompt read before looking whether the client is still there
	sendEvery   = 40 * time.Millisecond // text is sent in pieces
)

// An order is the request for a text.
type order struct {
	Client      string  `json:"client"` // of the page, by its own choice
	ID          string  `json:"id"`
	Checkpoint  string  `json:"checkpoint"`
	Prompt      string  `json:"prompt"`
	Tokens      int     `json:"tokens"`
	Temperature float64 `json:"temperature"`
	TopK        int     `json:"topK"`
	TopP        float64 `json:"topP"`
	Seed        uint64  `json:"seed"`
}

// validate returns an error that names the rule that a value breaks.
func (o order) validate(maxTokens int) error {
	switch {
	case len(o.Client) > 64:
		return errors.New("client: at most 64 characters")
	case len(o.Prompt) > maxPrompt:
		return fmt.Errorf("the prompt has %d bytes: at most %d", len(o.Prompt), maxPrompt)
	case o.Tokens < 1 || o.Tokens > maxTokens:
		return fmt.Errorf("tokens %d: from 1 to %d", o.Tokens, maxTokens)
	}
	return sampling.Config{Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP}.Validate()
}

// A message is a line of the answer: some text, or its end.
type message struct {
	Text    string  `json:"text,omitempty"`
	Note    string  `json:"note,omitempty"`
	Error   string  `json:"error,omitempty"`
	Done    bool    `json:"done,omitempty"`
	Tokens  int     `json:"tokens,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
}

// turns limits how many texts are generated at a time: one for each client, and a number for all.
type turns struct {
	most int
	mu   sync.Mutex
	busy map[string]bool
}

// take begins a turn of a client. If it returns no error, the caller must call done.
func (t *turns) take(client string) (done func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.busy[client]:
		return nil, errors.New("this page generates a text already: stop it first")
	case len(t.busy) >= t.most:
		return nil, fmt.Errorf("%s generated already: try again when one has ended", printable.Count(len(t.busy), "text")+" being")
	}
	t.busy[client] = true
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.busy, client)
	}, nil
}

// generate generates the text of an order from the weights in a folder, and sends it in pieces. It ends when ctx does.
func generate(ctx context.Context, dir string, o order, send func(message) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("internal error: %v", cause)
		}
	}()
	saved, err := models.Find(dir)
	if err != nil {
		return err
	}
	if saved.Setting("dtype") == "float64" {
		return write[float64](ctx, saved, o, send)
	}
	return write[float32](ctx, saved, o, send)
}

// write loads the model in the precision that it was trained in, and generates.
func write[F params.Float](ctx context.Context, saved models.Saved, o order, send func(message) error) error {
	model, err := models.Load[F](saved, true)
	if err != nil {
		return err
	}
	tok, err := tokenizer.Open(saved.Setting("tokenizer"), saved.Setting("tokenizer-sha256"))
	if err != nil {
		return err
	}
	stream, err := model.NewStream()
	if err != nil {
		return err
	}
	sampler, err := sampling.New[F](sampling.Config{Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP}, o.Seed)
	if err != nil {
		return err
	}
	var logits []F
	tokens := append([]int32{tok.Separator()}, tok.Encode([]byte(o.Prompt))...) // in training a separator preceded every document
	for len(tokens) > 0 {
		n := min(len(tokens), promptPiece)
		if logits, err = stream.Append(tokens[:n]); err != nil {
			return err
		}
		tokens = tokens[n:]
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	n := o.Tokens
	if left, limited := stream.Left(); limited && n > left {
		n = left
		if err := send(message{Note: fmt.Sprintf("the model's context ends after %d tokens", n)}); err != nil {
			return err
		}
	}
	w := writer{send: send, sent: time.Now()}
	begin := time.Now()
	_, err = sampling.Generate(stream, logits, sampler, n, func(token int32) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return w.write(tok.Decode([]int32{token}))
	})
	if flushed := w.flush(len(w.pending)); err == nil {
		err = flushed
	}
	if err != nil {
		return err
	}
	return send(message{Done: true, Tokens: n, Seconds: time.Since(begin).Seconds()})
}

// A writer collects text and sends whole characters.
type writer struct {
	send    func(message) error
	pending []byte
	sent    time.Time
}

func (w *writer) write(text []byte) error {
	w.pending = append(w.pending, text...)
	if time.Since(w.sent) < sendEvery {
		return nil
	}
	return w.flush(printable.Whole(w.pending))
}

// flush sends the first n pending bytes.
func (w *writer) flush(n int) error {
	if n == 0 {
		return nil
	}
	text := printable.Text(w.pending[:n])
	w.pending = append(w.pending[:0], w.pending[n:]...)
	w.sent = time.Now()
	return w.send(message{Text: text})
}
