package workspace

import (
	"math"

	"goomtrain/internal/simd"
)

// poison makes new memory NaN.
var poison bool

// Poison makes all memory that Make returns from now on NaN. Tests call it, so that a number that a
// kernel reads before it has written it shows.
func Poison() { poison = true }

// Make returns memory for n numbers. Its contents are undefined: a kernel writes it before it reads it.
func Make[F simd.Float](n int) []F {
	x := make([]F, n)
	if poison {
		for i := range x {
			x[i] = F(math.NaN())
		}
	}
	return x
}

// Grow returns n numbers of the memory x, or new memory if x has fewer. Their contents are undefined.
func Grow[F simd.Float](x []F, n int) []F {
	if n <= cap(x) {
		return x[:n]
	}
	return Make[F](n)
}

// Sum writes to dst the sum of the consecutive blocks of len(dst) numbers in blocks, first to last: the
// order, and with it every bit, does not depend on which worker made which block.
func Sum[F simd.Float](dst, blocks []F) {
	clear(dst)
	if len(blocks) > 0 {
		simd.SumRows(dst, blocks, simd.Pieces(len(blocks), len(dst)), len(dst)) // which panics if they do not fit
	}
}
