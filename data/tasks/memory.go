package tasks

import (
	"fmt"

	"goomtrain/rng"
)

// The tasks that ask for something shown earlier: copy, selective-copy, recall.

const uncounted = -1

func repeat(row []int32, value int32) {
	for i := range row {
		row[i] = value
	}
}

func buildCopy(t *Task) error {
	n, a := t.Symbols, t.Alphabet
	switch {
	case t.Delay == 0 && t.SeqLen < 2*n+1:
		return fmt.Errorf("task copy needs seq of at least 2*symbols + 1 = %d, got %d", 2*n+1, t.SeqLen)
	case t.Delay == 0:
		t.Delay = t.SeqLen - 2*n
	case t.SeqLen != 0 && t.SeqLen != t.Delay+2*n:
		return fmt.Errorf("task copy has seq = delay + 2*symbols, but %d is not %d + 2*%d: set delay or seq, not both", t.SeqLen, t.Delay, n)
	}
	t.SeqLen = t.Delay + 2*n
	if t.SeqLen > maxLen {
		return fmt.Errorf("delay + 2*symbols of task copy must be at most %d, got %d", maxLen, t.SeqLen)
	}
	t.Vocab, t.Chance, t.Counted = a+2, 1/float64(a), n
	blank, delimiter := int32(a), int32(a+1)
	t.fill = func(r *rng.Stream, inputs, targets []int32) {
		repeat(inputs, blank)
		repeat(targets, uncounted)
		inputs[len(inputs)-n-1] = delimiter
		for i := range n {
			symbol := int32(r.IntN(a))
			inputs[i], targets[len(targets)-n+i] = symbol, symbol
		}
	}
	return nil
}

func buildSelectiveCopy(t *Task) error {
	n, a, shown := t.Symbols, t.Alphabet, t.SeqLen-t.Symbols
	if shown < n {
		return fmt.Errorf("task selective-copy needs seq of at least 2*symbols = %d, got %d", 2*n, t.SeqLen)
	}
	t.Vocab, t.Chance, t.Counted = a+2, 1/float64(a), n
	blank, delimiter := int32(a), int32(a+1)
	t.fill = func(r *rng.Stream, inputs, targets []int32) {
		repeat(inputs[:shown], blank)
		repeat(inputs[shown:], delimiter)
		repeat(targets[:shown], uncounted)
		// Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): every set of n places is as likely.
		for i, found := 0, 0; found < n; i++ {
			if r.IntN(shown-i) < n-found {
				symbol := int32(r.IntN(a))
				inputs[i], targets[shown+found] = symbol, symbol
				found++
			}
		}
	}
	return nil
}

func buildRecall(t *Task) error {
	n, a := t.Symbols, t.Alphabet
	switch {
	case n > a:
		return fmt.Errorf("task recall needs at least as many keys as pairs, but alphabet is %d and symbols is %d", a, n)
	case t.SeqLen < 2*n+1:
		return fmt.Errorf("task recall needs seq of at least 2*symbols + 1 = %d, got %d", 2*n+1, t.SeqLen)
	}
	t.Vocab, t.Chance, t.Counted = 2*a, 1/float64(a), t.SeqLen-2*n
	keys := make([]int32, a) // shuffled in part by every sequence
	t.fill = func(r *rng.Stream, inputs, targets []int32) {
		for i := range keys {
			keys[i] = int32(i)
		}
		repeat(targets[:2*n], uncounted)
		for i := range n {
			j := i + r.IntN(a-i)
			keys[i], keys[j] = keys[j], keys[i]
			inputs[2*i], inputs[2*i+1] = keys[i], int32(a+r.IntN(a))
		}
		for i := 2 * n; i < len(inputs); i++ {
			pair := r.IntN(n)
			inputs[i], targets[i] = inputs[2*pair], inputs[2*pair+1]
		}
	}
	return nil
}
