package kerneltest

import (
	"fmt"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
)

// AttentionSizes have awkward lengths around the tiles of the kernels, one head and several, and widths
// around the vectors.
var AttentionSizes = []multihead.Size{
	{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: 1, DValue: 1, Causal: true},
	{Batch: 2, Queries: 2, Keys: 2, Heads: 3, DKey: 5, DValue: 2, Causal: true},
	{Batch: 1, Queries: 63, Keys: 63, Heads: 2, DKey: 8, DValue: 8, Causal: true},
	{Batch: 1, Queries: 200, Keys: 200, Heads: 1, DKey: 3, DValue: 5, Causal: true},
	{Batch: 1, Queries: 257, Keys: 257, Heads: 1, DKey: 4, DValue: 17, Causal: true},
	{Batch: 1, Queries: 1, Keys: 3, Heads: 1, DKey: 2, DValue: 2},
	{Batch: 2, Queries: 7, Keys: 5, Heads: 2, DKey: 3, DValue: 4},
	{Batch: 1, Queries: 65, Keys: 130, Heads: 2, DKey: 6, DValue: 3},
}

// Attention draws normal operands of that size and a gradient dy of the output, rounded to float32 so
// that kernels of both types see the same numbers.
func Attention(size multihead.Size, weight func(float64) (float64, float64)) (a multihead.Naive, dy []float64) {
	draw := func(stream string, n int) []float64 { return Widen(Normal[float32](fmt.Sprint(stream, size), n)) }
	return multihead.Naive{Size: size, Weight: weight,
		Q: draw("q", size.Batch*size.Queries*size.Heads*size.DKey),
		K: draw("k", size.Batch*size.Keys*size.Heads*size.DKey),
		V: draw("v", size.Batch*size.Keys*size.Heads*size.DValue),
	}, draw("dy", size.Batch*size.Queries*size.Heads*size.DValue)
}

// Positions returns positions lo to hi of every sequence of x [batch, T, width].
func Positions[F simd.Float](x []F, batch, width, lo, hi int) (part []F) {
	time := len(x) / (batch * width)
	for b := range batch {
		part = append(part, x[(b*time+lo)*width:(b*time+hi)*width]...)
	}
	return part
}

// Part returns positions lo to hi of a causal attention, as a stretch of a stream that has had those
// before.
func Part(a multihead.Naive, lo, hi int) multihead.Naive {
	a.Q = Positions(a.Q, a.Batch, a.Heads*a.DKey, lo, hi)
	a.K = Positions(a.K, a.Batch, a.Heads*a.DKey, 0, hi)
	a.V = Positions(a.V, a.Batch, a.Heads*a.DValue, 0, hi)
	a.Past, a.Queries, a.Keys = lo, hi-lo, hi-lo
	return a
}

// Operands returns the operands of the positions after Past as a kernel takes them.
func Operands[F simd.Float](a multihead.Naive) (q, k, v multihead.Rows[F]) {
	keys := Positions(a.K, a.Batch, a.Heads*a.DKey, a.Past, a.Past+a.Keys)
	values := Positions(a.V, a.Batch, a.Heads*a.DValue, a.Past, a.Past+a.Keys)
	return multihead.Packed(Narrow[F](a.Q), a.Heads, a.DKey),
		multihead.Packed(Narrow[F](keys), a.Heads, a.DKey), multihead.Packed(Narrow[F](values), a.Heads, a.DValue)
}

// AttentionKernel is what the kernels of attentions have in common.
type AttentionKernel[F simd.Float] interface {
	Forward(y []F, q, k, v multihead.Rows[F])
	Backward(dq, dk, dv, q, k, v multihead.Rows[F], y, dy []F)
}

// RunAttention runs a kernel forward and backward that many times, so that the later runs find used
// memory, and returns what the last run wrote.
func RunAttention[F simd.Float](k AttentionKernel[F], a multihead.Naive, dy []float64, times int) (y, dq, dk, dv []F) {
	q, keys, values := Operands[F](a)
	y, dq, dk, dv = Poisoned[F](len(dy)), Poisoned[F](len(q.Data)), Poisoned[F](len(keys.Data)), Poisoned[F](len(values.Data))
	for range times {
		k.Forward(y, q, keys, values)
		k.Backward(multihead.Packed(dq, a.Heads, a.DKey), multihead.Packed(dk, a.Heads, a.DKey), multihead.Packed(dv, a.Heads, a.DValue),
			q, keys, values, y, Narrow[F](dy))
	}
	return y, dq, dk, dv
}

// NearNaive fails the test unless the output and the gradients of a kernel are those of the definition.
func NearNaive[F simd.Float](t *testing.T, name string, k AttentionKernel[F], a multihead.Naive, dy []float64, times int, tolerance float64) {
	t.Helper()
	wantY := a.Forward()
	wantQ, wantK, wantV := a.Backward(dy)
	y, dq, dk, dv := RunAttention(k, a, dy, times)
	Near(t, name+" y", y, wantY, tolerance)
	Near(t, name+" dv", dv, wantV, tolerance)
	// one key alone has no gradient of the scores: dq and dk then are rounding, beside dv
	Within(t, name+" dq", dq, wantQ, tolerance*max(Largest(wantQ), 0.1*Largest(wantV)))
	Within(t, name+" dk", dk, wantK, tolerance*max(Largest(wantK), 0.1*Largest(wantV)))
}

// SameOnThreads fails the test unless a kernel gives the same bits on any number of threads.
func SameOnThreads(t *testing.T, a multihead.Naive, dy []float64, create func() AttentionKernel[float32]) {
	t.Helper()
	var want [4][]float32
	OnThreads(t, func(t *testing.T) {
		var got [4][]float32
		got[0], got[1], got[2], got[3] = RunAttention(create(), a, dy, 2)
		if want[0] == nil {
			want = got
		}
		for i, name := range []string{"y", "dq", "dk", "dv"} {
			Identical(t, name, got[i], want[i])
		}
	})
}

// GoldenAttention returns the operands of a golden case, whose leading dimensions are a batch of one head.
func GoldenAttention[F simd.Float](c golden.Case) (size multihead.Size, q, k, v multihead.Rows[F]) {
	shape := c.Input("Q").Shape
	n := len(shape)
	size = multihead.Size{Batch: 1, Queries: shape[n-2], Keys: c.Input("K").Shape[n-2], Heads: 1,
		DKey: c.Int("d_key", 0), DValue: c.Int("d_val", 0), Causal: c.Bool("causal", false)}
	for _, d := range shape[:n-2] {
		size.Batch *= d
	}
	operand := func(name string, width int) multihead.Rows[F] {
		return multihead.Packed(golden.Convert[F](c.Input(name)), 1, width)
	}
	return size, operand("Q", size.DKey), operand("K", size.DKey), operand("V", size.DValue)
}
