package sampling

import (
	"fmt"

	"goomtrain/internal/simd"
)

// A Stream reads tokens and answers with the logits of the one to come.
type Stream[F simd.Float] interface {
	Append(tokens []int32) (logits []F, err error)
}

// Generate draws n tokens and feeds each back into the stream, beginning from the logits after the
// prompt. It hands every token to emit, whose error ends the text and is returned. It returns the
// logits after the last token, with which the text can go on.
func Generate[F simd.Float](stream Stream[F], logits []F, sampler *Sampler[F], n int, emit func(token int32) error) ([]F, error) {
	one := make([]int32, 1)
	for i := range n {
		token, err := sampler.Next(logits)
		if err != nil {
			return nil, fmt.Errorf("token %d: %w", i+1, err)
		}
		if err := emit(token); err != nil {
			return nil, err
		}
		one[0] = token
		if logits, err = stream.Append(one); err != nil {
			return nil, fmt.Errorf("token %d: %w", i+1, err)
		}
	}
	return logits, nil
}
