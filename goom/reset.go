package goom

import (
	"fmt"

	"goomtrain/internal/simd/matmul"
)

// A Pair (A, B) stands for the map x -> x A + B in a scan with resets; a part that is absent is zero.
type Pair[M any] struct {
	A, B       M
	HasA, HasB bool
}

// PairOf is the pair (a, 0), an element of a scan before it.
func PairOf[M any](a M) Pair[M] { return Pair[M]{A: a, HasA: true} }

// Resetting is selective resetting (arXiv 2510.03426, appendix C) over any kind of matrix: an operation on
// pairs for Fold and Accumulate that multiplies,
//
//	(A1, B1) (A2, B2) = (A1 A2, B1 A2 + B2),
//
// but first replaces a left operand (A1, 0) by (0, Reset(A1)) if Selected(A1): the state is then Reset(A1) and no longer
// depends on what came before, whatever the bracketing. A left operand (0, B1), which comes from a reset, is reset again
// in the same way if Selected(B1), so that long runs from the left stay well conditioned. The state is A + B (State).
type Resetting[M any] struct {
	Mul      func(a, b M) M // new matrices: operands are shared between goroutines
	Add      func(a, b M) M
	Selected func(m M) bool
	Reset    func(m M) M
}

// Combine is the associative operation.
func (r Resetting[M]) Combine(x, y Pair[M]) Pair[M] {
	switch {
	case x.HasA && !x.HasB && r.Selected(x.A):
		x = Pair[M]{B: r.Reset(x.A), HasB: true}
	case x.HasB && !x.HasA && r.Selected(x.B):
		x.B = r.Reset(x.B)
	}
	var z Pair[M]
	if x.HasA && y.HasA {
		z.A, z.HasA = r.Mul(x.A, y.A), true
	}
	if x.HasB && y.HasA {
		z.B, z.HasB = r.Mul(x.B, y.A), true
	}
	switch {
	case y.HasB && z.HasB:
		z.B = r.Add(z.B, y.B)
	case y.HasB:
		z.B, z.HasB = y.B, true
	}
	return z
}

// State is A + B; ok is false if both are zero.
func (r Resetting[M]) State(x Pair[M]) (state M, ok bool) {
	switch {
	case x.HasA && x.HasB:
		return r.Add(x.A, x.B), true
	case x.HasA:
		return x.A, true
	}
	return x.B, x.HasB
}

// ResettingMatrices is Resetting over single block-scaled matrices (N = 1), which do not overflow.
func ResettingMatrices[F Float](selected func(m Matrices[F]) bool, reset func(m Matrices[F]) Matrices[F]) Resetting[Matrices[F]] {
	return Resetting[Matrices[F]]{Mul: MulMatrices[F], Add: AddMatrices[F], Selected: selected, Reset: reset}
}

// MulMatrices returns the products a_i b_i, normalized. Elements far below the largest of a product are lost, as Matrices
// says; LMME and the scans keep them.
func MulMatrices[F Float](a, b Matrices[F]) Matrices[F] {
	if a.N != b.N || a.Cols != b.Rows {
		panic(fmt.Sprintf("goom: product of %d matrices %dx%d and %d of %dx%d", a.N, a.Rows, a.Cols, b.N, b.Rows, b.Cols))
	}
	c := NewMatrices[F](a.N, a.Rows, b.Cols)
	for i := range a.N {
		if a.Rows*a.Cols*b.Cols == 0 {
			continue
		}
		matmul.Serial(false, false, a.Rows, b.Cols, a.Cols, 1, a.matrix(i), a.Cols, b.matrix(i), b.Cols, 0, c.matrix(i), b.Cols)
		c.Exp[i] = addExp(a.Exp[i], b.Exp[i])
	}
	c.Normalise()
	return c
}

// AddMatrices returns the sums a_i + b_i, normalized.
func AddMatrices[F Float](a, b Matrices[F]) Matrices[F] {
	if a.N != b.N || a.Rows != b.Rows || a.Cols != b.Cols {
		panic(fmt.Sprintf("goom: sum of %d matrices %dx%d and %d of %dx%d", a.N, a.Rows, a.Cols, b.N, b.Rows, b.Cols))
	}
	c := NewMatrices[F](a.N, a.Rows, a.Cols)
	copy(c.Mant, a.Mant)
	for i := range a.N {
		if len(c.matrix(i)) > 0 {
			c.Exp[i] = alignAdd(c.matrix(i), a.Exp[i], b.matrix(i), b.Exp[i])
		}
	}
	c.Normalise()
	return c
}
