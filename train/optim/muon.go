package optim

import (
	"math"

	"goomtrain/internal/simd"
)

// newtonSchulz makes Muon's updates (Jordan 2024; Liu et al., arXiv 2502.16982): the momentum, as a
// matrix, is replaced by the nearest half-orthogonal one.
//
//	m = beta1 m + g        u = g + beta1 m (Nesterov)
//	X = u / |u|            five times: X = a X + b (X X^T) X + c (X X^T)^2 X
//	p = (1 - lr decay) p - lr 0.2 sqrt(max(rows, columns)) X
//
// The last factor gives an update the root mean square that AdamW's has, so that one learning rate
// and one weight decay serve both.
type newtonSchulz[F simd.Float] struct {
	x, next       []F // [rows, columns]
	gram, product []F // [k, k], k the shorter side
}

// The quintic whose repetition drives every singular value in (0, 1] to within about 0.3 of 1.
const (
	quinticA, quinticB, quinticC = 3.4445, -4.7750, 2.0315
	quinticTimes                 = 5
)

// reserve makes room for a matrix of that shape.
func (n *newtonSchulz[F]) reserve(rows, columns int) {
	if size := rows * columns; size > len(n.x) {
		n.x, n.next = make([]F, size), make([]F, size)
	}
	if k := min(rows, columns); k*k > len(n.gram) {
		n.gram, n.product = make([]F, k*k), make([]F, k*k)
	}
}

// update makes one step of one matrix.
func (n *newtonSchulz[F]) update(s *slot[F], r *rates[F]) {
	rows, columns := s.p.Shape[0], s.p.Shape[1]
	x := n.x[:rows*columns]
	for i, g := range s.p.Grad {
		g *= r.gscale
		s.m[i] = r.beta1*s.m[i] + g
		x[i] = g + r.beta1*s.m[i]
	}
	x = n.orthogonalise(x, rows, columns)
	shrink := F(1)
	if s.p.Decay {
		shrink -= r.lr * r.decay
	}
	scale := -r.lr * F(0.2*math.Sqrt(float64(max(rows, columns))))
	simd.Scale(s.p.Value, shrink, s.p.Value)
	simd.AddScaled(s.p.Value, scale, x)
}

// orthogonalise runs the iteration on x [rows, columns] and returns the result, which shares n's
// memory. A matrix of zeros stays zero.
func (n *newtonSchulz[F]) orthogonalise(x []F, rows, columns int) []F {
	norm := math.Sqrt(sumSquares(x))
	if norm == 0 {
		return x
	}
	simd.Scale(x, F(1/norm), x)
	next, k := n.next[:len(x)], min(rows, columns)
	gram, product := n.gram[:k*k], n.product[:k*k]
	for range quinticTimes {
		// product = b G + c G G with G the Gram matrix on the shorter side
		if rows <= columns {
			simd.Gemm(false, true, k, k, columns, 1, x, columns, x, columns, 0, gram, k)
		} else {
			simd.Gemm(true, false, k, k, rows, 1, x, columns, x, columns, 0, gram, k)
		}
		copy(product, gram)
		simd.Gemm(false, false, k, k, k, quinticC, gram, k, gram, k, quinticB, product, k)
		copy(next, x)
		if rows <= columns {
			simd.Gemm(false, false, rows, columns, k, 1, product, k, x, columns, quinticA, next, columns)
		} else {
			simd.Gemm(false, false, rows, columns, k, 1, x, columns, product, k, quinticA, next, columns)
		}
		x, next = next, x
	}
	return x
}
