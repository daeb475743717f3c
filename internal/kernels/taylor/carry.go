package taylor

import (
	"fmt"
	"unsafe"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A Carry is the state of a Taylor attention between two stretches of one sequence: of each head the sum
// S [V+1, M] over keys of [v, 1] Phi(k)^T, and the last keys [K, C] and values [V+1, C], up to C of them,
// that have not been added to it. M is m, the number of features, rounded up by columns of zeros (see
// paddedColumns). One token reads this form fast; longer stretches work on its transpose. The size of a
// carry does not depend on the length of the sequence.
type Carry[F simd.Float] struct {
	batch, heads, keys, values, terms int // B, H, K, V, P
	columns, span                     int // M, C
	state                             []F // [B, H, V+1, M]
	last                              []F // [B, H, K*C + (V+1)*C]
	length                            [1]int64
	stateShape                        [4]int
	lastShape                         [3]int
}

// NewCarry returns the carry of B = batch sequences that have not begun, with H heads of K = keys and
// V = values numbers and P = terms. It panics if there are more than MaxFeatures features.
func NewCarry[F simd.Float](batch, heads, keys, values, terms int) *Carry[F] {
	m := NewFeatures[F](keys, terms).Len()
	c := &Carry[F]{batch: batch, heads: heads, keys: keys, values: values, terms: terms, columns: paddedColumns(m), span: chunkLength(m)}
	c.stateShape = [4]int{batch, heads, values + 1, c.columns}
	c.lastShape = [3]int{batch, heads, (keys + values + 1) * c.span}
	c.state, c.last = make([]F, params.Size(c.stateShape[:])), make([]F, params.Size(c.lastShape[:]))
	return c
}

// Len returns the number of positions that the sequences have had.
func (c *Carry[F]) Len() int { return int(c.length[0]) }

// Bytes returns the memory of the state, in bytes.
func (c *Carry[F]) Bytes() int { return (len(c.state) + len(c.last)) * int(unsafe.Sizeof(F(0))) }

// Reset makes the next stretch begin a new sequence.
func (c *Carry[F]) Reset() {
	c.length[0] = 0
	clear(c.state)
}

// Arrays returns the whole state under names that begin with prefix. The arrays share its memory.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{
		{Name: prefix + "sums", Shape: c.stateShape[:], Data: c.state},
		{Name: prefix + "last", Shape: c.lastShape[:], Data: c.last},
		{Name: prefix + "length", Shape: []int{1}, Data: c.length[:]},
	}
}

// copy makes c equal to from.
func (c *Carry[F]) copy(from *Carry[F]) {
	copy(c.state, from.state)
	copy(c.last, from.last)
	c.length = from.length
}

// head returns the state, keys and values of one head, task = b*H + h.
func (c *Carry[F]) head(task int) (state, keys, values []F) {
	size := c.columns * (c.values + 1)
	last := c.last[task*c.lastShape[2] : (task+1)*c.lastShape[2]]
	return c.state[task*size : (task+1)*size], last[:c.keys*c.span], last[c.keys*c.span:]
}

// CheckCarry panics unless the carry fits this kernel.
func (k *Kernel[F]) CheckCarry(c *Carry[F]) {
	if k.features == nil || c.batch != k.Batch || c.heads != k.Heads || c.keys != k.DKey || c.values != k.DValue || c.terms != k.terms {
		panic(fmt.Sprintf("taylor: kernel of size %+v with %d terms, made without or for another carry than one of B=%d H=%d K=%d V=%d P=%d",
			k.Size, k.terms, c.batch, c.heads, c.keys, c.values, c.terms))
	}
}
