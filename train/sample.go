package train

import (
	"context"
	"fmt"
	"path/filepath"

	"goomtrain/internal/atomicfile"
	"goomtrain/internal/printable"
	"goomtrain/models"
	"goomtrain/sampling"
)

// sample prints a piece of text by the trained model, if the data is text and the model can stream. An interrupt
// ends it.
func (s *session[F]) sample(ctx context.Context) (err error) {
	defer s.recovered(&err)
	m, ok := s.model.(models.Streamer[F])
	if !ok || s.dataset.Tokenizer == nil || s.cfg.SampleTokens == 0 {
		return nil
	}
	if s.ema != nil {
		s.ema.Swap()
		defer s.ema.Swap()
	}
	stream, err := m.NewStream()
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	sampler, err := sampling.New[F](sampling.Config{Temperature: 0.8, TopP: 1}, s.cfg.Seed)
	if err != nil {
		return err
	}
	logits, err := stream.Append([]int32{s.dataset.Tokenizer.Separator()})
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	n := s.cfg.SampleTokens
	if left, limited := stream.Left(); limited {
		n = min(n, left)
	}
	var tokens []int32
	_, err = sampling.Generate(stream, logits, sampler, n, func(token int32) error {
		tokens = append(tokens, token)
		return ctx.Err()
	})
	if ctx.Err() != nil {
		return ErrInterrupted // all is saved; the sample is cut short
	} else if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	text := s.dataset.Tokenizer.Decode(tokens)
	s.console.Printf("sample:\n%s\n", printable.Text(text))
	return atomicfile.WriteFile(filepath.Join(s.result.Dir, "sample.txt"), text)
}
