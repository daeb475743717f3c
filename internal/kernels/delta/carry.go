package delta

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A Carry is the state S between two stretches of sequences.
type Carry[F simd.Float] struct {
	state []F // [B, VH, K, V]
	shape [4]int
}

// NewCarry returns the carry of B = batch sequences that have not begun: their states are 0.
func NewCarry[F simd.Float](batch int, sizes Sizes) *Carry[F] {
	c := &Carry[F]{shape: sizes.Check().stateShape(batch)}
	c.state = make([]F, batch*c.shape[1]*c.shape[2]*c.shape[3])
	return c
}

func (s Sizes) stateShape(batch int) [4]int { return [4]int{batch, s.ValueHeads, s.DKey, s.DValue} }

// Reset returns to the beginning of the sequences.
func (c *Carry[F]) Reset() { clear(c.state) }

// Arrays returns the whole state, [B, VH, K, V], under a name that begins with prefix. It shares the memory.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{{Name: prefix + "state", Shape: c.shape[:], Data: c.state}}
}

// CheckCarry panics unless the carry is of the kernel's sizes.
func (k *Kernel[F]) CheckCarry(c *Carry[F]) {
	if want := k.stateShape(k.batch); c.shape != want {
		panic(fmt.Sprintf("delta: carry of [B VH K V] = %v, want %v", c.shape, want))
	}
}
