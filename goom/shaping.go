package goom

import (
	"math"

	"goomtrain/internal/simd"
)

// Functions that change the scale of numbers or mask them. All of them keep zeros.

// Scale returns the numbers with logarithms l - max + top, where max is the largest logarithm along the
// axis: afterwards the largest is e^top. A series of zeros stays as it is. The maximum is a constant
// of the gradient: dl passes through unchanged.
func Scale[F Float](x Tensor[F], axis int, top F) Tensor[F] {
	y := x.Clone()
	eachScaled(x, axis, func(at int, c F) {
		if !IsZero(x.Log[at]) {
			y.Log[at] = nonzero(x.Log[at] - c + top)
		}
	})
	return y
}

// ScaledExp returns the real numbers of Scale(x, axis, top), which lie in [-e^top, e^top]. The paper leaves the log domain
// in this way, with top = 2.
func ScaledExp[F Float](x Tensor[F], axis int, top F) []F {
	y := make([]F, len(x.Log))
	ScaledExpInto(y, x, axis, top)
	return y
}

// ScaledExpInto is ScaledExp into an existing slice.
func ScaledExpInto[F Float](y []F, x Tensor[F], axis int, top F) {
	same("ScaledExp", len(x.Log), len(y))
	eachScaled(x, axis, func(at int, c F) {
		y[at] = 0
		if !IsZero(x.Log[at]) {
			y[at] = x.Sign[at] * F(math.Exp(float64(x.Log[at])-float64(c)+float64(top)))
		}
	})
}

// ScaledExpGrad returns the gradient with respect to the logarithms, given y = ScaledExp(x): dy * y.
func ScaledExpGrad[F Float](dy, y []F) []F {
	dx := make([]F, len(y))
	simd.Mul(dx, dy, y)
	return dx
}

// eachScaled calls f with every flat index and the largest logarithm of its series, ignoring zeros; the
// constant of a series of zeros is 0.
func eachScaled[F Float](x Tensor[F], axis int, f func(at int, c F)) {
	x.check()
	outer, n, inner := axisOf(x.Shape, axis)
	simd.ForRange(outer*inner, max(1, simd.Grain/max(1, 16*n)), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			start := k/inner*n*inner + k%inner
			c := F(math.Inf(-1))
			for i, at := 0, start; i < n; i, at = i+1, at+inner {
				if v := x.Log[at]; !IsZero(v) && (v > c || v != v) {
					c = v
				}
			}
			if math.IsInf(float64(c), -1) {
				c = 0
			}
			for i, at := 0, start; i < n; i, at = i+1, at+inner {
				f(at, c)
			}
		}
	})
}

// RMSNorm divides by the root of the mean square along the axis: l - (LSE(2l) - ln n)/2, signs kept.
// A series of zeros stays zero.
func RMSNorm[F Float](x Tensor[F], axis int) Tensor[F] {
	y := x.Clone()
	c := rms(x, axis)
	_, n, inner := axisOf(x.Shape, axis)
	for at := range y.Log {
		if r := c.Log[series2(at, n, inner)]; !IsZero(x.Log[at]) && !IsZero(r) {
			y.Log[at] = nonzero(F(float64(x.Log[at]) - float64(r)/2))
		}
	}
	return y
}

// RMSNormGrad returns the gradient of RMSNorm with respect to the logarithms:
// dl_i = dy_i - x_i^2/sum(x^2) * sum(dy).
func RMSNormGrad[F Float](x Tensor[F], dy []F, axis int) []F {
	same("RMSNormGrad", len(x.Log), len(dy))
	c := rms(x, axis)
	outer, n, inner := axisOf(x.Shape, axis)
	total := make([]F, outer*inner)
	for at, g := range dy {
		total[series2(at, n, inner)] += g
	}
	dx := make([]F, len(dy))
	for at, g := range dy {
		k := series2(at, n, inner)
		dx[at] = g
		if !IsZero(x.Log[at]) && !IsZero(c.Log[k]) {
			share := math.Exp(2*float64(x.Log[at])-float64(c.Log[k])) / float64(n) // x_i^2 / sum x^2
			dx[at] -= F(share) * total[k]
		}
	}
	return dx
}

// rms is the logarithm of the mean square along the axis.
func rms[F Float](x Tensor[F], axis int) Tensor[F] {
	square := x.Clone()
	for at, l := range x.Log {
		square.Sign[at] = 1
		if !IsZero(l) {
			square.Log[at] = nonzero(2 * l)
		}
	}
	return LogMeanExp(square, axis)
}

// series2 is the index of the series of a flat index, in [outer, inner].
func series2(at, n, inner int) int { return at/(n*inner)*inner + at%inner }

// UnitSquash returns x/(1+|x|), in (-1, 1): l becomes logsigmoid(l) = -ln(1+e^-l), signs kept.
func UnitSquash[F Float](x Tensor[F]) Tensor[F] {
	x.check()
	y := x.Clone()
	simd.LogSigmoid(y.Log, x.Log)
	for at, l := range x.Log {
		if IsZero(l) {
			y.Log[at] = l
		}
	}
	return y
}

// UnitSquashGrad returns the gradient of UnitSquash: dl = dy * (1 - sigmoid(l)).
func UnitSquashGrad[F Float](x Tensor[F], dy []F) []F {
	same("UnitSquashGrad", len(x.Log), len(dy))
	dx := make([]F, len(dy))
	for at, l := range x.Log {
		dx[at] = -l
	}
	simd.Sigmoid(dx, dx)
	simd.Mul(dx, dx, dy)
	return dx
}

// Triu keeps the numbers on and above the diagonal-th diagonal of the last two axes; the others get
// the logarithm -Inf and keep their signs, as in the reference (FiniteLogs turns -Inf into Floor). The
// gradient is that of the numbers kept.
func Triu[F Float](x Tensor[F], diagonal int) Tensor[F] {
	return triangle(x, func(i, j int) bool { return j-i >= diagonal })
}

// Tril keeps the numbers on and below the diagonal-th diagonal, like Triu.
func Tril[F Float](x Tensor[F], diagonal int) Tensor[F] {
	return triangle(x, func(i, j int) bool { return j-i <= diagonal })
}

func triangle[F Float](x Tensor[F], keep func(i, j int) bool) Tensor[F] {
	x.check()
	_, rows, cols := matrixShape("Triu", x.Shape)
	y := x.Clone()
	for at := range y.Log {
		if !keep(at/cols%rows, at%cols) {
			y.Log[at] = F(math.Inf(-1))
		}
	}
	return y
}
