package routing

import "goomtrain/internal/simd"

// Vector is the fast form of a vector routing.
type Vector[F simd.Float] struct {
	VectorSize
}

// NewVector returns the kernel of that size.
func NewVector[F simd.Float](size VectorSize) *Vector[F] {
	size.Check()
	return &Vector[F]{VectorSize: size}
}

func wide[F simd.Float](x []F) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func narrow[F simd.Float](dst []F, x []float64) {
	for i, v := range x {
		dst[i] = F(v)
	}
}

func (k *Vector[F]) naive(x []F, p VectorParameters[F], mask Mask) NaiveVector {
	v := NaiveVector{VectorSize: k.VectorSize, X: wide(x), Mask: mask}
	to := v.P.Arrays()
	for i, a := range p.Arrays() {
		*to[i] = wide(*a)
	}
	return v
}

// Forward writes the outputs [B, m, h] and the credit phi [B, n, m] that they give to the inputs x [B, n, d].
func (k *Vector[F]) Forward(out, phi, x []F, p VectorParameters[F], mask Mask) {
	o, c := k.naive(x, p, mask).Forward()
	narrow(out, o)
	narrow(phi, c)
}

// Backward writes the gradients of x and of the parameters; dphi may be nil. The other operands are those of the last
// Forward.
func (k *Vector[F]) Backward(dx []F, dp VectorParameters[F], x []F, p VectorParameters[F], mask Mask, dout, dphi []F) {
	var credit []float64
	if dphi != nil {
		credit = wide(dphi)
	}
	gx, gp := k.naive(x, p, mask).Backward(wide(dout), credit)
	narrow(dx, gx)
	to := dp.Arrays()
	for i, a := range gp.Arrays() {
		narrow(*to[i], *a)
	}
}
