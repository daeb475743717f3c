package taylor

import (
	"fmt"
	"math"
	"unsafe"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A Carry is the state of a Taylor attention between two stretches of one sequence: of each head
// the sum S [V+1, M] over keys of [v, 1] Phi(k)^T, and the last keys [K, C] and values [V+1, C], up to C
// of them, that have not been added to it. M is m, the number of features, rounded up by columns of zeros
// (see paddedColumns): the form in which one token reads it fast; a stretch works on the transposed one.
// Its size does not depend on the length of the sequence.
type Carry[F simd.Float] struct {
	batch, heads, keys, values, terms int // B, H, K, V, P
	columns, span                     int // M, C
	state                             []F // [B, H, V+1, M]
	last                              []F // [B, H, K*C + (V+1)*C]
	length                            [1]int64
	stateShape                        [4]int
	lastShape                         [3]int
}

// NewCarry returns the carry of sequences not begun. It panics if there are more than
// MaxFeatures features.
func NewCarry[F simd.Float](batch, heads, keys, values, terms int) *Carry[F] {
	m := NewFeatures[F](keys, terms).Len()
	c := &Carry[F]{batch: batch, heads: heads, keys: keys, values: values, terms: terms, columns: paddedColumns(m), span: chunkLength(m)}
	c.stateShape = [4]int{batch, heads, values + 1, c.columns}
	c.lastShape = [3]int{batch, heads, (keys + values + 1) * c.span}
	c.state, c.last = make([]F, params.Size(c.stateShape[:])), make([]F, params.Size(c.lastShape[:]))
	return c
}

// Len is the number of positions that the sequences have had.
func (c *Carry[F]) Len() int { return int(c.length[0]) }

// Bytes is the memory of the state.
func (c *Carry[F]) Bytes() int { return (len(c.state) + len(c.last)) * int(unsafe.Sizeof(F(0))) }

// Reset makes the next stretch begin a new sequence.
func (c *Carry[F]) Reset() {
	c.length[0] = 0
	clear(c.state)
}

// Arrays is the whole state, sharing its memory, under names that begin with prefix.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{
		{Name: prefix + "sums", Shape: c.stateShape[:], Data: c.state},
		{Name: prefix + "last", Shape: c.lastShape[:], Data: c.last},
		{Name: prefix + "length", Shape: []int{1}, Data: c.length[:]},
	}
}

// CheckCarry panics unless the carry is one of this kernel.
func (k *Kernel[F]) CheckCarry(c *Carry[F]) {
	if k.features == nil || c.batch != k.Batch || c.heads != k.Heads || c.keys != k.DKey || c.values != k.DValue || c.terms != k.terms {
		panic(fmt.Sprintf("taylor: kernel of size %+v with %d terms, made without or for another carry than one of B=%d H=%d K=%d V=%d P=%d",
			k.Size, k.terms, c.batch, c.heads, c.keys, c.values, c.terms))
	}
}

func (c *Carry[F]) copy(from *Carry[F]) {
	copy(c.state, from.state)
	copy(c.last, from.last)
	c.length = from.length
}

// head is the state, keys and values of one head, task = b*H + h.
func (c *Carry[F]) head(task int) (state, keys, values []F) {
	size := c.columns * (c.values + 1)
	last := c.last[task*c.lastShape[2] : (task+1)*c.lastShape[2]]
	return c.state[task*size : (task+1)*size], last[:c.keys*c.span], last[c.keys*c.span:]
}

// tileLength is the tile of the quadratic form.
const tileLength = 64

// chunkLength is C of the chunked form with m features: what is scored inside a chunk costs C/2 (K+V) a
// token beside m (V+1), so a large m affords a longer one, whose products run faster.
func chunkLength(m int) int {
	if m >= 512 {
		return 128
	}
	return 64
}

// transpose writes the transposed matrix of src [rows, n], in rows that are strideSrc apart, to dst [n, rows], in rows
// strideDst apart.
func transpose[F simd.Float](dst, src []F, rows, n, strideDst, strideSrc int) {
	i := 0
	for ; i+4 <= rows; i += 4 { // of each cache line of dst as much as can be
		a, b := src[i*strideSrc:][:n], src[(i+1)*strideSrc:][:n]
		c, d := src[(i+2)*strideSrc:][:n], src[(i+3)*strideSrc:][:n]
		for j := range a {
			out := dst[j*strideDst+i:][:4]
			out[0], out[1], out[2], out[3] = a[j], b[j], c[j], d[j]
		}
	}
	for ; i < rows; i++ {
		for j, x := range src[i*strideSrc:][:n] {
			dst[j*strideDst+i] = x
		}
	}
}

// paddedColumns is M: rows of a state begin where vectors lie within cache lines.
func paddedColumns(m int) int { return (m + 15) / 16 * 16 }

// seriesOf is 1/p! for p < terms.
func seriesOf[F simd.Float](terms int) []F {
	c, a := make([]F, terms), 1.0
	for p := range c {
		c[p] = F(a)
		a /= float64(p + 1)
	}
	return c
}

// scaleOf is K^(-1/4).
func scaleOf[F simd.Float](width int) F { return F(math.Pow(float64(width), -0.25)) }

// epsilon is the distance from 1 to the next number.
func epsilon[F simd.Float]() F {
	if unsafe.Sizeof(F(0)) == 4 {
		return 0x1p-23
	}
	return 0x1p-52
}
