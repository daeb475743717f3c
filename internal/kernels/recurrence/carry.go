package recurrence

import (
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A Carry is the state x_t between two stretches of one sequence, block-scaled (see scaled.go).
type Carry[F simd.Float] struct {
	mantissa []F      // [B, N, D]
	exponent []int64  // [B, N]
	started  [1]uint8 // 0: the next stretch begins at x_0
	shape    [3]int
}

// NewCarry returns the carry of B = batch sequences that have not begun.
func NewCarry[F simd.Float](batch, rows, width int) *Carry[F] {
	return &Carry[F]{mantissa: make([]F, batch*rows*width), exponent: make([]int64, batch*rows), shape: [3]int{batch, rows, width}}
}

// Fits reports whether the carry is of that size.
func (c *Carry[F]) Fits(batch, rows, width int) bool { return c.shape == [3]int{batch, rows, width} }

// Reset makes the next stretch begin at x_0.
func (c *Carry[F]) Reset() { c.started[0] = 0 }

// Clear makes the states zeros.
func (c *Carry[F]) Clear() {
	clear(c.mantissa)
	clear(c.exponent)
	c.started[0] = 1
}

// Data returns the mantissas [B, N, D] and exponents [B, N].
func (c *Carry[F]) Data() (mantissa []F, exponent []int64) { return c.mantissa, c.exponent }

// Arrays returns the whole state under names that begin with prefix. The arrays share its memory.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{
		{Name: prefix + "mantissa", Shape: c.shape[:], Data: c.mantissa},
		{Name: prefix + "exponent", Shape: c.shape[:2], Data: c.exponent},
		{Name: prefix + "started", Shape: []int{1}, Data: c.started[:]},
	}
}
