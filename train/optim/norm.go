package optim

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A Norm measures the gradients of a fixed set of parameters.
type Norm[F params.Float] struct {
	ps     []*params.Param[F]
	pieces []piece
	sums   []float64 // one a piece, added in order: the same bits for any number of threads
	body   func(i int)
}

// NewNorm prepares to measure the parameters' gradients.
func NewNorm[F params.Float](ps []*params.Param[F]) *Norm[F] {
	n := &Norm[F]{ps: ps}
	for i, p := range ps {
		n.pieces = appendPieces(n.pieces, i, len(p.Grad))
	}
	n.sums = make([]float64, len(n.pieces))
	n.body = func(i int) {
		at := n.pieces[i]
		n.sums[i] = sumSquares(n.ps[at.index].Grad[at.lo:at.hi])
	}
	return n
}

// sumSquares adds up in the element type and, where that overflows, again in float64.
func sumSquares[F params.Float](x []F) float64 {
	if s := float64(simd.SumSquares(x)); !math.IsInf(s, 0) && !math.IsNaN(s) {
		return s
	}
	s := 0.0
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

// Global is the Euclidean norm of all gradients together. It is not finite exactly when a gradient
// is not, or, in float64, when the sum of squares leaves its range.
func (n *Norm[F]) Global() float64 {
	simd.For(len(n.pieces), n.body)
	sum := 0.0
	for _, s := range n.sums {
		sum += s
	}
	return math.Sqrt(sum)
}

// FirstNonFinite names the first parameter whose gradient holds a number that is not finite, or
// returns "".
func (n *Norm[F]) FirstNonFinite() string {
	for _, p := range n.ps {
		for _, g := range p.Grad {
			if x := float64(g); math.IsNaN(x) || math.IsInf(x, 0) {
				return p.Name
			}
		}
	}
	return ""
}

// ClipScale is the factor that brings a norm down to limit: 1 if it is not above, or if limit is 0.
func ClipScale(norm, limit float64) float64 {
	if limit <= 0 || norm <= limit {
		return 1
	}
	return limit / norm
}
