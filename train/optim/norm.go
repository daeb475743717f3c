package optim

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
	"goomtrain/params"
)

// A Norm measures the gradients of a fixed set of parameters.
type Norm[F params.Float] struct {
	ps     []*params.Param[F]
	grads  [][]F // of the parameters, for scaledNorm
	pieces []piece
	sums   []float64 // one a piece, added in order: the same bits for any number of threads
	body   func(i int)
	device *deviceNorm // nil: gradients are in the memory of the host
}

// NewNorm returns a Norm of the gradients of the parameters.
func NewNorm[F params.Float](ps []*params.Param[F]) *Norm[F] {
	n := &Norm[F]{ps: ps, grads: make([][]F, len(ps))}
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

// Global returns the Euclidean norm of all gradients together. It is finite unless a gradient is not, or the
// norm exceeds the range of float64.
func (n *Norm[F]) Global() float64 {
	simd.For(len(n.pieces), n.body)
	sum := 0.0
	for _, s := range n.sums {
		sum += s
	}
	if inRange(sum) {
		return math.Sqrt(sum)
	}
	for i, p := range n.ps {
		n.grads[i] = p.Grad
	}
	return scaledNorm(n.grads...)
}

// Each returns the norms of the parameters together in each of some groups, of the gradients that Global has measured last:
// group i is of the parameters of which of says i. It is called before the gradients change.
func (n *Norm[F]) Each(groups int, of func(p *params.Param[F]) int) []float64 {
	n.fetchSums()
	squares := make([]float64, groups)
	for i, s := range n.sums {
		squares[of(n.ps[n.pieces[i].index])] += s
	}
	for g, sum := range squares {
		if squares[g] = math.Sqrt(sum); !inRange(sum) {
			var parts [][]F
			for _, p := range n.ps {
				if of(p) == g {
					parts = append(parts, p.Grad)
				}
			}
			squares[g] = scaledNorm(parts...)
		}
	}
	return squares
}

// norm is the Euclidean norm of x.
func norm[F params.Float](x []F) float64 {
	if sum := sumSquares(x); inRange(sum) {
		return math.Sqrt(sum)
	}
	return scaledNorm(x)
}

// leastPrecise is the smallest sum of float32 squares without loss of precision: what its terms lose below the
// normal numbers, at most 2^-150 each, is negligible.
const leastPrecise = 1e-30

// sumSquares adds up in the element type and, where squares leave the range of float32, again in float64.
func sumSquares[F params.Float](x []F) float64 {
	if s := float64(simd.SumSquares(x)); s >= leastPrecise && s <= math.MaxFloat64 {
		return s
	}
	s := 0.0
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

// inRange reports whether a sum of squares in float64 has neither overflowed nor lost digits to underflow.
func inRange(sum float64) bool { return sum >= 1e-280 && sum <= math.MaxFloat64 }

// scaledNorm is the norm of all parts together. It divides all numbers by the largest first, so that their
// squares may exceed the range of float64.
func scaledNorm[F params.Float](parts ...[]F) float64 {
	largest := 0.0
	for _, x := range parts {
		for _, v := range x {
			largest = max(largest, math.Abs(float64(v)))
		}
	}
	if largest == 0 || !(largest <= math.MaxFloat64) {
		return largest // 0, infinite or NaN, as a number of the parts is
	}
	sum := 0.0
	for _, x := range parts {
		for _, v := range x {
			part := float64(v) / largest
			sum += part * part
		}
	}
	return largest * math.Sqrt(sum)
}

// smallestNormal is the smallest normal number of F.
func smallestNormal[F params.Float]() float64 {
	if floats.Single[F]() {
		return 0x1p-126
	}
	return 0x1p-1022
}

// FirstNonFinite returns the name of the first parameter whose gradient has a number that is not finite, or "".
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

// ClipScale returns the factor that reduces a norm to limit: 1 if the norm is not larger or limit is 0.
func ClipScale(norm, limit float64) float64 {
	if limit <= 0 || norm <= limit {
		return 1
	}
	return limit / norm
}
