package gla

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A Carry is the state S of every head between two stretches of one sequence.
type Carry[F simd.Float] struct {
	state []F // [B, H, K, V]
	shape [4]int
}

// NewCarry returns the carry of B = batch sequences that have not begun, of H heads of K = keys and V = values
// channels.
func NewCarry[F simd.Float](batch, heads, keys, values int) *Carry[F] {
	c := &Carry[F]{shape: [4]int{batch, heads, keys, values}}
	c.state = make([]F, params.Size(c.shape[:]))
	return c
}

// Reset makes the next stretch begin a new sequence.
func (c *Carry[F]) Reset() { clear(c.state) }

// Arrays returns the whole state under names that begin with prefix. The array shares its memory.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{{Name: prefix + "state", Shape: c.shape[:], Data: c.state}}
}

// CheckCarry panics unless the carry fits this kernel.
func (k *Kernel[F]) CheckCarry(c *Carry[F]) {
	if c.shape != [4]int{k.Batch, k.Heads, k.DKey, k.DValue} {
		panic(fmt.Sprintf("gla: kernel of size %+v with a carry of B, H, K, V = %v", k.Size, c.shape))
	}
}
