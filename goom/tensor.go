package goom

import (
	"fmt"
	"math"
	"slices"

	"goomtrain/internal/simd"
)

// A Tensor is an array of real numbers x as logarithms and signs: Log = ln|x|, Sign = +1 or -1, both
// flat and row-major. Zero has the logarithm Floor (or -Inf, which every operation takes as well).
// A Tensor is a header: copying it shares the numbers.
type Tensor[F Float] struct {
	Shape     []int
	Log, Sign []F
}

// New returns a tensor of zeros.
func New[F Float](shape ...int) Tensor[F] {
	n := size(shape)
	t := Tensor[F]{Shape: slices.Clone(shape), Log: make([]F, n), Sign: make([]F, n)}
	for i := range t.Log {
		t.Log[i], t.Sign[i] = Floor[F](), 1
	}
	return t
}

// FromReal returns the tensor of the real numbers x; without a shape it is a vector.
func FromReal[F Float](x []F, shape ...int) Tensor[F] {
	if len(shape) == 0 {
		shape = []int{len(x)}
	}
	if size(shape) != len(x) {
		panic(fmt.Sprintf("goom: %d numbers for shape %v", len(x), shape))
	}
	t := Tensor[F]{Shape: slices.Clone(shape), Log: make([]F, len(x)), Sign: make([]F, len(x))}
	simd.ForRange(len(x), simd.Grain, func(lo, hi int) { Log(t.Log[lo:hi], t.Sign[lo:hi], x[lo:hi]) })
	return t
}

// Real returns the numbers as floats: zero or infinite where they are beyond the range of F.
func (t Tensor[F]) Real() []F {
	t.check()
	x := make([]F, len(t.Log))
	simd.ForRange(len(x), simd.Grain, func(lo, hi int) { Exp(x[lo:hi], t.Log[lo:hi], t.Sign[lo:hi]) })
	return x
}

// At returns the number at a flat index.
func (t Tensor[F]) At(i int) Number {
	if IsZero(t.Log[i]) {
		return Number{Log: math.Inf(-1), Sign: 1}
	}
	return Number{Log: float64(t.Log[i]), Sign: float64(t.Sign[i])}
}

// Set stores a number at a flat index.
func (t Tensor[F]) Set(i int, x Number) {
	if x.IsZero() {
		t.Log[i], t.Sign[i] = Floor[F](), 1
		return
	}
	t.Log[i], t.Sign[i] = nonzero(F(x.Log)), F(x.Sign)
}

// Clone returns a copy that shares no memory with t.
func (t Tensor[F]) Clone() Tensor[F] {
	return Tensor[F]{Shape: slices.Clone(t.Shape), Log: slices.Clone(t.Log), Sign: slices.Clone(t.Sign)}
}

// Reshape returns the same numbers under another shape of equal size.
func (t Tensor[F]) Reshape(shape ...int) Tensor[F] {
	if size(shape) != len(t.Log) {
		panic(fmt.Sprintf("goom: shape %v cannot become %v", t.Shape, shape))
	}
	return Tensor[F]{Shape: slices.Clone(shape), Log: t.Log, Sign: t.Sign}
}

// InfiniteLogs changes the logarithms of zeros to -Inf, in place; FiniteLogs changes them to Floor.
func (t Tensor[F]) InfiniteLogs() { t.zeros(F(math.Inf(-1))) }

// FiniteLogs changes the logarithms of zeros to Floor, in place; it undoes InfiniteLogs.
func (t Tensor[F]) FiniteLogs() { t.zeros(Floor[F]()) }

func (t Tensor[F]) zeros(l F) {
	for i, v := range t.Log {
		if IsZero(v) {
			t.Log[i] = l
		}
	}
}

// check panics unless shape, logarithms and signs agree.
func (t Tensor[F]) check() {
	if n := size(t.Shape); len(t.Log) != n || len(t.Sign) != n {
		panic(fmt.Sprintf("goom: %d logarithms and %d signs for shape %v", len(t.Log), len(t.Sign), t.Shape))
	}
}

// size is the number of elements of a shape, 1 for a scalar.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		if d < 0 {
			panic(fmt.Sprintf("goom: negative dimension in shape %v", shape))
		}
		n *= d
	}
	return n
}

// broadcast returns NumPy's common shape of two: aligned at the last axis, 1 stretches.
func broadcast(a, b []int) []int {
	out := make([]int, max(len(a), len(b)))
	for i := range out {
		p, q := 1, 1
		if j := i - (len(out) - len(a)); j >= 0 {
			p = a[j]
		}
		if j := i - (len(out) - len(b)); j >= 0 {
			q = b[j]
		}
		switch {
		case p == q || q == 1:
			out[i] = p
		case p == 1:
			out[i] = q
		default:
			panic(fmt.Sprintf("goom: shapes %v and %v do not broadcast: %d against %d", a, b, p, q))
		}
	}
	return out
}

// indices returns, for every element of shape out in row-major order, the flat index of the element of
// shape in that it is stretched from; nil when the two are the same.
func indices(in, out []int) []int32 {
	if slices.Equal(in, out) {
		return nil
	}
	n := size(out)
	idx := make([]int32, n)
	if n == 0 {
		return idx
	}
	stride := make([]int, len(out)) // 0 where in is stretched
	for i, s := len(in)-1, 1; i >= 0; i-- {
		if in[i] > 1 {
			stride[i+len(out)-len(in)] = s
		}
		s *= in[i]
	}
	at := make([]int, len(out))
	for i, k := 0, 0; i < n; i++ {
		idx[i] = int32(k)
		for d := len(out) - 1; d >= 0; d-- {
			at[d]++
			k += stride[d]
			if at[d] < out[d] {
				break
			}
			k -= stride[d] * at[d]
			at[d] = 0
		}
	}
	return idx
}

// pick is idx[i], or i where nothing is stretched.
func pick(idx []int32, i int) int {
	if idx == nil {
		return i
	}
	return int(idx[i])
}

// axisOf splits a shape at an axis (negative: from the end) into [outer, n, inner].
func axisOf(shape []int, axis int) (outer, n, inner int) {
	k := axis
	if k < 0 {
		k += len(shape)
	}
	if k < 0 || k >= len(shape) {
		panic(fmt.Sprintf("goom: axis %d of shape %v", axis, shape))
	}
	return size(shape[:k]), shape[k], size(shape[k+1:])
}

// matrixShape splits a shape into [batch, rows, cols]; it panics on fewer than two axes.
func matrixShape(name string, shape []int) (batch, rows, cols int) {
	if len(shape) < 2 {
		panic(fmt.Sprintf("goom: %s needs matrices, got shape %v", name, shape))
	}
	k := len(shape) - 2
	return size(shape[:k]), shape[k], shape[k+1]
}
