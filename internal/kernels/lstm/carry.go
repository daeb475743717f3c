package lstm

import "goomtrain/params"

// A Carry is the last h and c between two stretches of one sequence.
type Carry[F params.Float] struct {
	h, c  []F // [B, H]
	shape [2]int
}

// NewCarry returns the carry of B = batch sequences of H = width numbers that have not begun: h and c are 0.
func NewCarry[F params.Float](batch, width int) *Carry[F] {
	return &Carry[F]{make([]F, batch*width), make([]F, batch*width), [2]int{batch, width}}
}

// Reset makes the next stretch begin after zeros.
func (c *Carry[F]) Reset() {
	clear(c.h)
	clear(c.c)
}

// Arrays returns the whole state under names that begin with prefix. The arrays share its memory.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{{Name: prefix + "h", Shape: c.shape[:], Data: c.h}, {Name: prefix + "c", Shape: c.shape[:], Data: c.c}}
}
