package logattention

import (
	"math"

	"goomtrain/params"
)

// A Carry is the state S between two stretches of one sequence. Its size does not depend on the length of
// the sequence.
type Carry struct {
	logs  []float64 // [B, H, K, V+1]; -Inf stands for nothing yet
	signs []float64 // the same shape; nil if values are not signed
	shape [4]int
}

// NewCarry returns the carry of B = batch sequences that have not begun, with H heads of K = keys and
// V = values numbers.
func NewCarry(batch, heads, keys, values int, signed bool) *Carry {
	c := &Carry{logs: make([]float64, batch*heads*keys*(values+1)), shape: [4]int{batch, heads, keys, values + 1}}
	if signed {
		c.signs = make([]float64, len(c.logs))
	}
	c.Reset()
	return c
}

// Reset forgets all positions.
func (c *Carry) Reset() {
	for i := range c.logs {
		c.logs[i] = math.Inf(-1)
	}
	for i := range c.signs {
		c.signs[i] = 1
	}
}

// Arrays returns the whole state under names that begin with prefix. The arrays share its memory.
func (c *Carry) Arrays(prefix string) []params.Array {
	arrays := []params.Array{{Name: prefix + "log_sums", Shape: c.shape[:], Data: c.logs}}
	if c.signs != nil {
		arrays = append(arrays, params.Array{Name: prefix + "signs", Shape: c.shape[:], Data: c.signs})
	}
	return arrays
}
