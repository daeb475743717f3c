package sampling

import (
	"fmt"
	"goomtrain/params"
)

// A Stream reads tokens and returns the logits of the next one.
type Stream[F params.Float] interface {
	Append(tokens []int32) (logits []F, err error)
}

// Generate draws n tokens and appends each to the stream, starting with the logits after the prompt. It calls
// emit with every token; an error of emit ends the text and is returned. It returns the logits after the last
// token, from which the text can be continued.
func Generate[F params.Float](stream Stream[F], logits []F, sampler *Sampler[F], n int, emit func(token int32) error) ([]F, error) {
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
