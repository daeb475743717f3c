package sampling

import (
	"fmt"

	"goomtrain/parallel"
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

// Streams reads a token of each of several sequences, [N], and returns the logits [N, S] of their next ones. A token of -1
// stands for a sequence that has ended.
type Streams[F params.Float] interface {
	Append(tokens []int32) (logits []F, err error)
}

// GenerateAll draws up to n tokens for each of N sequences, a token of all at a time, starting with the logits [N, S] after
// their prompts. Sequence i draws from samplers[i]. emit gets every token, in the order of the sequences; it returns whether
// the sequence goes on, and an error of it ends all. A sequence that has ended has no influence on the others. The last
// tokens are not appended to the streams. It allocates nothing for a token.
func GenerateAll[F params.Float](streams Streams[F], logits []F, samplers []*Sampler[F], n int, emit func(sequence int, token int32) (goesOn bool, err error)) error {
	tokens, errs := make([]int32, len(samplers)), make([]error, len(samplers))
	size := len(logits) / max(1, len(samplers))
	draw := func(i int) {
		if tokens[i] >= 0 {
			tokens[i], errs[i] = samplers[i].Next(logits[i*size : (i+1)*size])
		}
	}
	for t := range n {
		parallel.For(len(samplers), draw)
		left := 0
		for i, token := range tokens {
			if token < 0 {
				continue
			}
			if errs[i] != nil {
				return fmt.Errorf("sequence %d, token %d: %w", i+1, t+1, errs[i])
			}
			goesOn, err := emit(i, token)
			if err != nil {
				return err
			}
			if left++; !goesOn {
				tokens[i] = -1
				left--
			}
		}
		if left == 0 || t == n-1 {
			break
		}
		var err error
		if logits, err = streams.Append(tokens); err != nil {
			return fmt.Errorf("token %d: %w", t+1, err)
		}
	}
	return nil
}
