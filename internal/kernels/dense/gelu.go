package dense

import (
	"math"

	"goomtrain/internal/simd"
)

// GELU is the Gaussian error linear unit in the form of GPT-2 (arXiv 1606.08415, section 2):
//
//	y = x sigmoid(u)    u = 2 sqrt(2/pi) (x + 0.044715 x^3)    which is 0.5 x (1 + tanh(u/2))
//	dx = dy (s + x s (1-s) du/dx)    s = sigmoid(u)
//
// It is within 5e-4 of x times the normal distribution function.
type GELU[F simd.Float] struct {
	size int

	y, x, dx, dy      []F // operands of the running call
	forward, backward func(lo, hi int)
}

const (
	geluSlope = 1.5957691216057308 // 2 sqrt(2/pi)
	geluCubic = 0.044715
)

// activationBlock is the number of elements whose intermediate values stay in the first-level cache.
const activationBlock = 1024

// NewGELU returns the kernel for that many elements.
func NewGELU[F simd.Float](size int) *GELU[F] {
	k := &GELU[F]{size: size}
	k.forward = func(lo, hi int) {
		y, x := k.y[lo:hi], k.x[lo:hi]
		for i, v := range x {
			y[i] = geluSlope * v * (1 + geluCubic*v*v)
		}
		simd.Sigmoid(y, y)
		simd.Mul(y, y, x)
	}
	k.backward = func(lo, hi int) {
		dx, x, dy := k.dx[lo:hi], k.x[lo:hi], k.dy[lo:hi]
		for i, v := range x {
			dx[i] = geluSlope * v * (1 + geluCubic*v*v)
		}
		simd.Sigmoid(dx, dx)
		for i, v := range x {
			s := dx[i]
			dx[i] = dy[i] * s * (1 + (1-s)*geluSlope*v*(1+3*geluCubic*v*v))
		}
	}
	return k
}

// Forward writes y.
func (k *GELU[F]) Forward(y, x []F) {
	k.y, k.x = y, x
	simd.ForRange(k.size, activationBlock, k.forward)
}

// Backward writes dx.
func (k *GELU[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.size, activationBlock, k.backward)
}

// SwiGLU is the gated unit y = a * g sigmoid(g), where a row of x is a followed by g (arXiv 2002.05202).
//
//	x [R, 2D]   y [R, D]    s = sigmoid(g)    da = dy g s    dg = dy a s (1 + g (1-s))
type SwiGLU[F simd.Float] struct {
	rows, width int

	y, x, dx, dy      []F // operands of the running call
	forward, backward func(lo, hi int)
}

// NewSwiGLU returns the kernel for y [rows, width].
func NewSwiGLU[F simd.Float](rows, width int) *SwiGLU[F] {
	k := &SwiGLU[F]{rows: rows, width: width}
	k.forward = func(lo, hi int) {
		d := k.width
		for r := lo; r < hi; r++ {
			y, a, g := k.y[r*d:(r+1)*d], k.x[2*r*d:(2*r+1)*d], k.x[(2*r+1)*d:(2*r+2)*d]
			simd.Sigmoid(y, g)
			simd.Mul(y, y, g)
			simd.Mul(y, y, a)
		}
	}
	k.backward = func(lo, hi int) {
		d := k.width
		for r := lo; r < hi; r++ {
			a, g := k.x[2*r*d:(2*r+1)*d], k.x[(2*r+1)*d:(2*r+2)*d]
			da, dg, dy := k.dx[2*r*d:(2*r+1)*d], k.dx[(2*r+1)*d:(2*r+2)*d], k.dy[r*d:(r+1)*d]
			simd.Sigmoid(da, g)
			for i, s := range da {
				da[i], dg[i] = dy[i]*g[i]*s, dy[i]*a[i]*s*(1+g[i]*(1-s))
			}
		}
	}
	return k
}

// Forward writes y.
func (k *SwiGLU[F]) Forward(y, x []F) {
	k.y, k.x = y, x
	simd.ForRange(k.rows, rowGrain, k.forward)
}

// Backward writes dx.
func (k *SwiGLU[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.rows, rowGrain, k.backward)
}

// GELUNaive is GELU of one number by its definition with the hyperbolic tangent, and its derivative.
func GELUNaive(x float64) (y, slope float64) {
	u := math.Sqrt(2/math.Pi) * (x + geluCubic*x*x*x)
	du := math.Sqrt(2/math.Pi) * (1 + 3*geluCubic*x*x)
	th := math.Tanh(u)
	return 0.5 * x * (1 + th), 0.5*(1+th) + 0.5*x*(1-th*th)*du
}
