package goom

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"goomtrain/internal/simd"
)

// Sums over one axis of a tensor seen as [outer, n, inner]. Every series is scaled by its own maximum. Where the scaled
// sum is so small beside its terms that it may be rounding error alone, the series is summed again in order of magnitude.

// A Kind names what a Sums computes along an axis.
type Kind int

const (
	Total       Kind = iota // y = x_1 + ... + x_n; the result lacks the axis
	Mean                    // Total / n
	RunningSum              // y_t = x_1 + ... + x_t; the result keeps the axis
	RunningMean             // y_t / t
)

// LogSumExp returns the signed sums of the numbers along an axis (negative: counted from the end), which the result
// lacks: l = c + ln|sum s e^(l-c)| with c the maximum of the series. A sum of no numbers, a sum of zeros and one that
// cancels exactly are zero. NaN gives NaN; infinities of both signs give NaN.
func LogSumExp[F Float](x Tensor[F], axis int) Tensor[F] { return along(x, axis, Total) }

// LogMeanExp returns the means of the numbers along an axis: LogSumExp less ln n. The mean of no numbers is NaN.
func LogMeanExp[F Float](x Tensor[F], axis int) Tensor[F] { return along(x, axis, Mean) }

// LogCumSumExp returns the signed running sums along an axis: y_t = x_1 + ... + x_t. Each prefix has a scale of its own,
// so that it keeps its digits beside a larger prefix and after a sum that canceled.
func LogCumSumExp[F Float](x Tensor[F], axis int) Tensor[F] { return along(x, axis, RunningSum) }

// LogCumMeanExp returns the running means along an axis: LogCumSumExp less ln(1..n).
func LogCumMeanExp[F Float](x Tensor[F], axis int) Tensor[F] { return along(x, axis, RunningMean) }

func along[F Float](x Tensor[F], axis int, kind Kind) Tensor[F] {
	p := NewSums[F](x.Shape, axis, kind)
	n := size(p.Shape)
	y := Tensor[F]{Shape: p.Shape, Log: make([]F, n), Sign: make([]F, n)}
	p.Forward(y, x)
	return y
}

// A Sums computes sums along one axis of tensors of a fixed shape. Its calls allocate next to nothing. It is not safe
// for concurrent use.
type Sums[F Float] struct {
	Shape []int // of the result

	outer, n, inner int
	kind            Kind
	y, x            Tensor[F] // operands of the present call
	dx, dy          []F
	forward, grad   func(lo, hi int)
}

// NewSums plans sums of tensors of that shape along an axis (negative: counted from the end).
func NewSums[F Float](shape []int, axis int, kind Kind) *Sums[F] {
	p := &Sums[F]{kind: kind, Shape: slices.Clone(shape)}
	p.outer, p.n, p.inner = axisOf(shape, axis)
	switch kind {
	case Total, Mean:
		if axis < 0 {
			axis += len(shape)
		}
		p.Shape = slices.Delete(p.Shape, axis, axis+1)
		p.forward, p.grad = p.total, p.totalGrad
	case RunningSum, RunningMean:
		p.forward, p.grad = p.running, p.runningGrad
	default:
		panic(fmt.Sprintf("goom: unknown kind of sum %d", kind))
	}
	return p
}

// Forward computes y.
func (p *Sums[F]) Forward(y, x Tensor[F]) {
	p.share(y, x, nil, nil, p.forward)
}

// Backward writes the gradient with respect to the logarithms of x, given y of the last Forward and dy with
// respect to y's:
//
//	Total and Mean              dl_i = dy * x_i / sum(x)
//	RunningSum and RunningMean  dl_i = x_i * sum over t >= i of dy_t / (x_1 + ... + x_t)
//
// The terms of a sum that is zero are zero.
func (p *Sums[F]) Backward(dx []F, y, x Tensor[F], dy []F) {
	same("the gradient of sums", p.outer*p.n*p.inner, len(dx))
	same("the gradient of sums", len(y.Log), len(dy))
	p.share(y, x, dx, dy, p.grad)
}

// share runs body on all series, over the cores.
func (p *Sums[F]) share(y, x Tensor[F], dx, dy []F, body func(lo, hi int)) {
	same("the operand of sums", p.outer*p.n*p.inner, len(x.Log), len(x.Sign))
	same("sums", size(p.Shape), len(y.Log), len(y.Sign))
	p.y, p.x, p.dx, p.dy = y, x, dx, dy
	simd.ForRange(p.outer*p.inner, max(1, simd.Grain/max(1, 16*p.n)), body)
	p.y, p.x, p.dx, p.dy = Tensor[F]{}, Tensor[F]{}, nil, nil
}

// start is the flat index of the first element of the k-th series.
func (p *Sums[F]) start(k int) int { return k/p.inner*p.n*p.inner + k%p.inner }

func (p *Sums[F]) series(k int) series[F] {
	if p.n == 0 {
		return series[F]{}
	}
	at := p.start(k)
	return series[F]{log: p.x.Log[at:], sign: p.x.Sign[at:], n: p.n, stride: p.inner}
}

func (p *Sums[F]) total(lo, hi int) {
	shift := 0.0
	if p.kind == Mean {
		shift = -math.Log(float64(p.n)) // +Inf for n = 0: 0 * Inf is NaN
	}
	for k := lo; k < hi; k++ {
		l, s := p.series(k).sum().value()
		if math.IsInf(l, -1) && !math.IsInf(shift, 1) {
			p.y.Log[k], p.y.Sign[k] = Floor[F](), 1
		} else {
			p.y.Log[k], p.y.Sign[k] = nonzero(F(l+shift)), F(s)
		}
	}
}

func (p *Sums[F]) totalGrad(lo, hi int) {
	for k := lo; k < hi; k++ {
		// The sum is computed again: its logarithm may be so large that rounding it would show.
		sum := p.series(k).sum()
		for i, at := 0, p.start(k); i < p.n; i, at = i+1, at+p.inner {
			p.dx[at] = 0
			if !IsZero(p.x.Log[at]) {
				p.dx[at] = p.dy[k] * F(sum.share(float64(p.x.Log[at]), float64(p.x.Sign[at])))
			}
		}
	}
}

func (p *Sums[F]) running(lo, hi int) {
	for k := lo; k < hi; k++ {
		var acc accumulator
		for i, at := 0, p.start(k); i < p.n; i, at = i+1, at+p.inner {
			if !IsZero(p.x.Log[at]) {
				acc.add(float64(p.x.Log[at]), float64(p.x.Sign[at]))
			}
			l, s := acc.value()
			if math.IsInf(l, -1) {
				p.y.Log[at], p.y.Sign[at] = Floor[F](), 1
				continue
			}
			if p.kind == RunningMean {
				l -= math.Log(float64(i + 1))
			}
			p.y.Log[at], p.y.Sign[at] = nonzero(F(l)), F(s)
		}
	}
}

func (p *Sums[F]) runningGrad(lo, hi int) {
	for k := lo; k < hi; k++ {
		var acc accumulator // sum over t >= i of dy_t / y_t, a number of any magnitude
		for i, at := p.n-1, p.start(k)+(p.n-1)*p.inner; i >= 0; i, at = i-1, at-p.inner {
			if g := float64(p.dy[at]); g != 0 && !IsZero(p.y.Log[at]) {
				ly := float64(p.y.Log[at])
				if p.kind == RunningMean {
					ly += math.Log(float64(i + 1))
				}
				acc.add(simd.Log64(math.Abs(g))-ly, math.Copysign(1, g)*float64(p.y.Sign[at]))
			}
			l, s := acc.value()
			p.dx[at] = 0
			if !IsZero(p.x.Log[at]) && !math.IsInf(l, -1) {
				p.dx[at] = p.x.Sign[at] * F(s*math.Exp(float64(p.x.Log[at])+l))
			}
		}
	}
}

// A series is every stride-th element of a tensor from some start.
type series[F Float] struct {
	log, sign []F
	n, stride int
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

// ordered adds the series up in order of magnitude, the largest first, and rescales the running sum. Equal logarithms of
// opposite signs cancel exactly, and smaller numbers keep their digits.
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

// An accumulator is a running signed sum, sum * e^c. It is rescaled when the sum grows and when it cancels.
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
		a.c += simd.Log64(m)
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
	return a.c + simd.Log64(math.Abs(a.sum)), math.Copysign(1, a.sum)
}

// share is s*e^l divided by the sum, 0 if either is zero.
func (a accumulator) share(l, s float64) float64 {
	if a.sum == 0 || math.IsInf(l, -1) {
		return 0
	}
	if a.infinite != 0 {
		return math.NaN()
	}
	return s * math.Exp(l-a.c) / a.sum
}
