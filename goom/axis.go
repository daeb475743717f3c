package goom

import (
	"cmp"
	"math"
	"slices"

	"goomtrain/internal/simd"
)

// Sums over one axis of a tensor seen as [outer, n, inner]. Every series is scaled by its own maximum;
// where the scaled sum is so much smaller than its terms that it may be rounding alone, the series is
// summed again with compensation.

// LogSumExp returns the signed sum of the numbers along an axis (negative: counted from the end), which
// the result lacks: l = c + ln|sum s e^(l-c)| with c the maximum of the series. A sum of zeros, of
// nothing, or one that cancels exactly is zero. NaN gives NaN; infinities of both signs give NaN.
func LogSumExp[F Float](x Tensor[F], axis int) Tensor[F] {
	y := reduced(x, axis)
	LogSumExpInto(y, x, axis)
	return y
}

// LogMeanExp is LogSumExp less ln n: the mean. The mean of nothing is NaN.
func LogMeanExp[F Float](x Tensor[F], axis int) Tensor[F] {
	y := reduced(x, axis)
	LogMeanExpInto(y, x, axis)
	return y
}

// LogSumExpInto is LogSumExp into an existing tensor.
func LogSumExpInto[F Float](y, x Tensor[F], axis int) { sumAxis(y, x, axis, false) }

// LogMeanExpInto is LogMeanExp into an existing tensor.
func LogMeanExpInto[F Float](y, x Tensor[F], axis int) { sumAxis(y, x, axis, true) }

// LogSumExpGrad returns the gradient of LogSumExp and of LogMeanExp with respect to the logarithms of x,
// given dy with respect to the result's: dl_i = dy * x_i / sum(x), zero where the sum is zero.
func LogSumExpGrad[F Float](x Tensor[F], dy []F, axis int) []F {
	dx := make([]F, len(x.Log))
	LogSumExpGradInto(dx, x, dy, axis)
	return dx
}

// LogSumExpGradInto is LogSumExpGrad into an existing slice.
func LogSumExpGradInto[F Float](dx []F, x Tensor[F], dy []F, axis int) {
	x.check()
	outer, n, inner := axisOf(x.Shape, axis)
	same("LogSumExpGrad", len(x.Log), len(dx))
	same("LogSumExpGrad", outer*inner, len(dy))
	simd.ForRange(outer*inner, max(1, grain/max(1, 32*n)), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			start := k/inner*n*inner + k%inner
			// Once more, since the sum's logarithm may be so large that its rounding would show.
			sum := seriesOf(x, start, n, inner).sum()
			for i, at := 0, start; i < n; i, at = i+1, at+inner {
				dx[at] = 0
				if !IsZero(x.Log[at]) {
					dx[at] = dy[k] * F(sum.share(float64(x.Log[at]), float64(x.Sign[at])))
				}
			}
		}
	})
}

// LogCumSumExp returns the signed running sums along an axis: y_t = x_1 + ... + x_t. Each prefix is
// scaled by itself, so that neither a later large number nor a cancelled one costs an earlier or
// later prefix its digits.
func LogCumSumExp[F Float](x Tensor[F], axis int) Tensor[F] {
	y := Tensor[F]{Shape: slices.Clone(x.Shape), Log: make([]F, len(x.Log)), Sign: make([]F, len(x.Log))}
	cumulate(y, x, axis, false)
	return y
}

// LogCumMeanExp is LogCumSumExp less ln(1..n) along the axis: the running means.
func LogCumMeanExp[F Float](x Tensor[F], axis int) Tensor[F] {
	y := Tensor[F]{Shape: slices.Clone(x.Shape), Log: make([]F, len(x.Log)), Sign: make([]F, len(x.Log))}
	cumulate(y, x, axis, true)
	return y
}

// LogCumSumExpInto is LogCumSumExp into an existing tensor.
func LogCumSumExpInto[F Float](y, x Tensor[F], axis int) { cumulate(y, x, axis, false) }

// LogCumMeanExpInto is LogCumMeanExp into an existing tensor.
func LogCumMeanExpInto[F Float](y, x Tensor[F], axis int) { cumulate(y, x, axis, true) }

// LogCumSumExpGrad returns the gradient with respect to the logarithms of x, given y = LogCumSumExp(x,
// axis): dl_i = x_i * sum over t >= i of dy_t/y_t, terms with y_t = 0 left out.
func LogCumSumExpGrad[F Float](x, y Tensor[F], dy []F, axis int) []F {
	dx := make([]F, len(x.Log))
	cumulateGrad(dx, x, y, dy, axis, false)
	return dx
}

// LogCumMeanExpGrad is the gradient of LogCumMeanExp.
func LogCumMeanExpGrad[F Float](x, y Tensor[F], dy []F, axis int) []F {
	dx := make([]F, len(x.Log))
	cumulateGrad(dx, x, y, dy, axis, true)
	return dx
}

// LogCumSumExpGradInto is LogCumSumExpGrad into an existing slice.
func LogCumSumExpGradInto[F Float](dx []F, x, y Tensor[F], dy []F, axis int) {
	cumulateGrad(dx, x, y, dy, axis, false)
}

// LogCumMeanExpGradInto is LogCumMeanExpGrad into an existing slice.
func LogCumMeanExpGradInto[F Float](dx []F, x, y Tensor[F], dy []F, axis int) {
	cumulateGrad(dx, x, y, dy, axis, true)
}

func reduced[F Float](x Tensor[F], axis int) Tensor[F] {
	x.check()
	axisOf(x.Shape, axis) // refuses a wrong axis before it indexes
	if axis < 0 {
		axis += len(x.Shape)
	}
	shape := slices.Delete(slices.Clone(x.Shape), axis, axis+1)
	n := size(shape)
	return Tensor[F]{Shape: shape, Log: make([]F, n), Sign: make([]F, n)}
}

// A series is every inner-th element of a tensor from some start.
type series[F Float] struct {
	log, sign []F
	n, stride int
}

func seriesOf[F Float](x Tensor[F], start, n, stride int) series[F] {
	if n == 0 {
		return series[F]{stride: stride}
	}
	return series[F]{log: x.Log[start:], sign: x.Sign[start:], n: n, stride: stride}
}

func sumAxis[F Float](y, x Tensor[F], axis int, mean bool) {
	x.check()
	outer, n, inner := axisOf(x.Shape, axis)
	same("LogSumExp", outer*inner, len(y.Log), len(y.Sign))
	shift := 0.0
	if mean {
		shift = -math.Log(float64(n)) // +Inf for n = 0: 0 * Inf, the mean of nothing
	}
	simd.ForRange(outer*inner, max(1, grain/max(1, 16*n)), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			l, s := seriesOf(x, k/inner*n*inner+k%inner, n, inner).sum().value()
			if math.IsInf(l, -1) && !(mean && n == 0) {
				y.Log[k], y.Sign[k] = Floor[F](), 1
			} else {
				y.Log[k], y.Sign[k] = F(l+shift), F(s)
			}
		}
	})
}

// sum adds the series up.
func (x series[F]) sum() accumulator {
	c := math.Inf(-1)
	for i, at := 0, 0; i < x.n; i, at = i+1, at+x.stride {
		v := x.log[at]
		if v != v {
			return accumulator{c: math.NaN(), sum: 1}
		}
		if float64(v) > c && !IsZero(v) {
			c = float64(v)
		}
	}
	if math.IsInf(c, 0) {
		return x.ordered() // nothing but zeros, or infinities
	}
	sum, lost, terms := 0.0, 0.0, 0.0 // Neumaier's compensated sum
	for i, at := 0, 0; i < x.n; i, at = i+1, at+x.stride {
		l := x.log[at]
		d := float64(l) - c
		if d < -746 || IsZero(l) {
			continue
		}
		e := math.Exp(d)
		terms += e
		v := float64(x.sign[at]) * e
		next := sum + v
		if math.Abs(sum) >= math.Abs(v) {
			lost += (sum - next) + v
		} else {
			lost += (v - next) + sum
		}
		sum = next
	}
	sum += lost
	if math.Abs(sum) < 0x1p-400*terms {
		return x.ordered()
	}
	return accumulator{c: c, sum: sum}
}

// ordered adds the series up from the largest magnitude down with a scale that follows the sum: equal
// logarithms of opposite signs cancel exactly, and what lies any distance below them survives.
func (x series[F]) ordered() accumulator {
	order := make([]int, 0, x.n)
	for i := range x.n {
		if !IsZero(x.log[i*x.stride]) {
			order = append(order, i*x.stride)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x.log[b], x.log[a]) })
	var acc accumulator
	for _, at := range order {
		acc.add(float64(x.log[at]), float64(x.sign[at]))
	}
	return acc
}

// An accumulator is a running signed sum, sum * e^c, whose scale follows the sum in both directions.
type accumulator struct {
	c, sum   float64
	infinite float64 // sign of the infinities added, 0 if none
}

// add adds s * e^l. A logarithm of -Inf adds nothing.
func (a *accumulator) add(l, s float64) {
	switch {
	case l != l:
		a.c, a.sum = l, 1
		return
	case math.IsInf(l, 1):
		if a.infinite == -s {
			a.c, a.sum = math.NaN(), 1
			return
		}
		a.infinite = s
		return
	case math.IsInf(l, -1):
		return
	case a.sum == 0:
		a.c, a.sum = l, s
		return
	case l > a.c:
		a.sum = a.sum*math.Exp(a.c-l) + s
		a.c = l
	default:
		a.sum += s * math.Exp(l-a.c)
	}
	if m := math.Abs(a.sum); m < 0x1p-20 && m > 0 {
		a.c += math.Log(m)
		a.sum = math.Copysign(1, a.sum)
	}
}

// value is ln|sum| and the sign; -Inf for zero.
func (a accumulator) value() (l, s float64) {
	switch {
	case a.c != a.c:
		return a.c, 1
	case a.infinite != 0:
		return math.Inf(1), a.infinite
	case a.sum == 0:
		return math.Inf(-1), 1
	}
	return a.c + math.Log(math.Abs(a.sum)), math.Copysign(1, a.sum)
}

// share is the quotient of s*e^l and the sum: 0 if either is zero.
func (a accumulator) share(l, s float64) float64 {
	if a.sum == 0 || math.IsInf(l, -1) {
		return 0
	}
	if a.infinite != 0 {
		return math.NaN()
	}
	return s * math.Exp(l-a.c) / a.sum
}

func cumulate[F Float](y, x Tensor[F], axis int, mean bool) {
	x.check()
	outer, n, inner := axisOf(x.Shape, axis)
	same("LogCumSumExp", len(x.Log), len(y.Log), len(y.Sign))
	simd.ForRange(outer*inner, max(1, grain/max(1, 32*n)), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			var acc accumulator
			start := k/inner*n*inner + k%inner
			for i, at := 0, start; i < n; i, at = i+1, at+inner {
				if !IsZero(x.Log[at]) {
					acc.add(float64(x.Log[at]), float64(x.Sign[at]))
				}
				l, s := acc.value()
				if math.IsInf(l, -1) {
					y.Log[at], y.Sign[at] = Floor[F](), 1
					continue
				}
				if mean {
					l -= math.Log(float64(i + 1))
				}
				y.Log[at], y.Sign[at] = F(l), F(s)
			}
		}
	})
}

func cumulateGrad[F Float](dx []F, x, y Tensor[F], dy []F, axis int, mean bool) {
	x.check()
	outer, n, inner := axisOf(x.Shape, axis)
	same("LogCumSumExpGrad", len(x.Log), len(dx), len(y.Log), len(y.Sign), len(dy))
	simd.ForRange(outer*inner, max(1, grain/max(1, 32*n)), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			var acc accumulator // sum over t >= i of dy_t / y_t, a number of any magnitude
			start := k/inner*n*inner + k%inner
			for i, at := n-1, start+(n-1)*inner; i >= 0; i, at = i-1, at-inner {
				if g := float64(dy[at]); g != 0 && !IsZero(y.Log[at]) {
					ly := float64(y.Log[at])
					if mean {
						ly += math.Log(float64(i + 1))
					}
					acc.add(math.Log(math.Abs(g))-ly, math.Copysign(1, g)*float64(y.Sign[at]))
				}
				l, s := acc.value()
				if IsZero(x.Log[at]) || math.IsInf(l, -1) {
					dx[at] = 0
					continue
				}
				dx[at] = x.Sign[at] * F(s*math.Exp(float64(x.Log[at])+l))
			}
		}
	})
}
