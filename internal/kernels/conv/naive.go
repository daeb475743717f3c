package conv

import "math"

// Naive is the convolution by its definition, in float64: the contract that Kernel is tested against. Bias may be nil, and
// so may Before, the inputs before the first.
type Naive struct {
	B, T, C, W int
	SiLU       bool
	X          []float64 // [B, T, C]
	Weight     []float64 // [C, 1, W]
	Bias       []float64 // [C]
	Before     []float64 // [B, C, W], the newest last
}

// input returns the place of x_t of a channel in X, t >= 0, or its place in Before; -1 and -1: it is 0.
func (n Naive) input(b, t, c int) (x, before int) {
	if t >= 0 {
		return (b*n.T+t)*n.C + c, -1
	}
	if n.Before == nil {
		return -1, -1
	}
	return -1, (b*n.C+c)*n.W + n.W + t
}

// each calls visit for every product that an output is a sum of.
func (n Naive) each(visit func(out, weight int, value float64, x, before int)) {
	for b := range n.B {
		for t := range n.T {
			for c := range n.C {
				for i := range n.W {
					x, before := n.input(b, t-n.W+1+i, c)
					value := 0.0
					if x >= 0 {
						value = n.X[x]
					} else if before >= 0 {
						value = n.Before[before]
					}
					visit((b*n.T+t)*n.C+c, c*n.W+i, value, x, before)
				}
			}
		}
	}
}

// sums returns the argument of the activation.
func (n Naive) sums() (a []float64) {
	a = make([]float64, len(n.X))
	for i := range n.Bias {
		for j := i; j < len(a); j += n.C {
			a[j] = n.Bias[i]
		}
	}
	n.each(func(out, weight int, value float64, _, _ int) { a[out] += n.Weight[weight] * value })
	return a
}

// Forward returns y [B, T, C].
func (n Naive) Forward() (y []float64) {
	y = n.sums()
	for i, a := range y {
		if n.SiLU {
			y[i] = a / (1 + math.Exp(-a))
		}
	}
	return y
}

// Backward returns the gradients of sum(dy * y).
func (n Naive) Backward(dy []float64) (dx, dw, dbias, dbefore []float64) {
	l := append([]float64(nil), dy...)
	for i, a := range n.sums() {
		if s := 1 / (1 + math.Exp(-a)); n.SiLU {
			l[i] *= s + a*s*(1-s)
		}
	}
	dx, dw, dbias, dbefore = make([]float64, len(n.X)), make([]float64, len(n.Weight)), make([]float64, len(n.Bias)), make([]float64, len(n.Before))
	n.each(func(out, weight int, value float64, x, before int) {
		dw[weight] += l[out] * value
		if x >= 0 {
			dx[x] += l[out] * n.Weight[weight]
		} else if before >= 0 {
			dbefore[before] += l[out] * n.Weight[weight]
		}
	})
	for i := range l {
		if n.Bias != nil {
			dbias[i%n.C] += l[i]
		}
	}
	return dx, dw, dbias, dbefore
}
