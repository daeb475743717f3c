package kernels

import (
	"fmt"
	"os"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

func TestMain(m *testing.M) {
	poison = true
	os.Exit(m.Run())
}

// attentionSizes have awkward lengths around the tiles and widths around the vectors.
var attentionSizes = []AttentionSize{
	{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: 1, DValue: 1, Causal: true},
	{Batch: 2, Queries: 2, Keys: 2, Heads: 3, DKey: 5, DValue: 2, Causal: true},
	{Batch: 1, Queries: 63, Keys: 63, Heads: 2, DKey: 8, DValue: 8, Causal: true},
	{Batch: 1, Queries: 200, Keys: 200, Heads: 1, DKey: 3, DValue: 5, Causal: true},
	{Batch: 1, Queries: 257, Keys: 257, Heads: 1, DKey: 4, DValue: 17, Causal: true},
	{Batch: 1, Queries: 1, Keys: 3, Heads: 1, DKey: 2, DValue: 2},
	{Batch: 2, Queries: 7, Keys: 5, Heads: 2, DKey: 3, DValue: 4},
	{Batch: 1, Queries: 65, Keys: 130, Heads: 2, DKey: 6, DValue: 3},
}

// attentionCase is an attention on normal numbers, rounded to float32 so that both kernels see the same.
func attentionCase(size AttentionSize, weight func(float64) (float64, float64)) (a AttentionNaive, dy []float64) {
	round := func(stream string, n int) []float64 {
		return kerneltest.Widen(kerneltest.Normal[float32](fmt.Sprint(stream, size), n))
	}
	return AttentionNaive{AttentionSize: size, Weight: weight,
		Q: round("q", size.Batch*size.Queries*size.Heads*size.DKey),
		K: round("k", size.Batch*size.Keys*size.Heads*size.DKey),
		V: round("v", size.Batch*size.Keys*size.Heads*size.DValue),
	}, round("dy", size.Batch*size.Queries*size.Heads*size.DValue)
}

// attentionKernel is what the kernels of attentions have in common.
type attentionKernel[F simd.Float] interface {
	forward(y []F, q, k, v Rows[F])
	Backward(dq, dk, dv, q, k, v Rows[F], y, dy []F)
}

type softmaxKernel[F simd.Float] struct{ *Softmax[F] }

func (s softmaxKernel[F]) forward(y []F, q, k, v Rows[F]) { s.Softmax.Forward(y, q, k, v, nil) }

// attentionRun runs a kernel twice, so that the second run finds used buffers.
func attentionRun[F simd.Float](k attentionKernel[F], a AttentionNaive, dy64 []float64) (y, dq, dk, dv []F) {
	q, keys, v := Packed(kerneltest.Narrow[F](a.Q), a.Heads, a.DKey), Packed(kerneltest.Narrow[F](a.K), a.Heads, a.DKey), Packed(kerneltest.Narrow[F](a.V), a.Heads, a.DValue)
	dy := kerneltest.Narrow[F](dy64)
	y, dq, dk, dv = kerneltest.Poisoned[F](len(dy)), kerneltest.Poisoned[F](len(a.Q)), kerneltest.Poisoned[F](len(a.K)), kerneltest.Poisoned[F](len(a.V))
	for range 2 {
		k.forward(y, q, keys, v)
		k.Backward(Packed(dq, a.Heads, a.DKey), Packed(dk, a.Heads, a.DKey), Packed(dv, a.Heads, a.DValue), q, keys, v, y, dy)
	}
	return y, dq, dk, dv
}

func nearNaive[F simd.Float](t *testing.T, k attentionKernel[F], a AttentionNaive, dy []float64, tolerance float64) {
	t.Helper()
	wantY, wantQ, wantK, wantV := a.Run(dy)
	y, dq, dk, dv := attentionRun(k, a, dy)
	kerneltest.Near(t, "y", y, wantY, tolerance)
	kerneltest.Near(t, "dv", dv, wantV, tolerance)
	// a single key leaves gradients of zero for dq and dk: what is there is rounding beside dv
	kerneltest.Within(t, "dq", dq, wantQ, tolerance*max(kerneltest.Largest(wantQ), 0.1*kerneltest.Largest(wantV)))
	kerneltest.Within(t, "dk", dk, wantK, tolerance*max(kerneltest.Largest(wantK), 0.1*kerneltest.Largest(wantV)))
}

// TestSoftmaxEqualsNaive compares with the definition in float64.
func TestSoftmaxEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testSoftmax[float32], testSoftmax[float64])
}

func testSoftmax[F simd.Float](t *testing.T) {
	for _, size := range attentionSizes {
		t.Run(fmt.Sprintf("%+v", size), func(t *testing.T) {
			a, dy := attentionCase(size, ExpWeight)
			nearNaive[F](t, softmaxKernel[F]{NewSoftmax[F](size)}, a, dy, kerneltest.Tolerance[F](1e-5, 1e-12))
		})
	}
}

// TestAttentionNaiveGradient holds the naive gradients to finite differences.
func TestAttentionNaiveGradient(t *testing.T) {
	size := AttentionSize{Batch: 2, Queries: 6, Keys: 6, Heads: 2, DKey: 3, DValue: 2, Causal: true}
	for terms := range 6 {
		weight := ExpWeight // terms 0
		if terms > 0 {
			weight = TaylorWeight(terms)
		}
		a, dy := attentionCase(size, weight)
		_, dq, dk, dv := a.Run(dy)
		f := func() float64 { y, _, _, _ := a.Run(nil); return kerneltest.Dot(y, dy) }
		gradcheck.Check(t, "q", f, a.Q, dq, gradcheck.Options{})
		gradcheck.Check(t, "k", f, a.K, dk, gradcheck.Options{})
		gradcheck.Check(t, "v", f, a.V, dv, gradcheck.Options{})
	}
}

// TestSoftmaxGolden holds the kernel to the softmax outputs beside the paper's reference.
func TestSoftmaxGolden(t *testing.T) {
	r := golden.NewRecorder(t, "sata_attention (softmax)")
	for _, c := range golden.Load(t, "sata_attention") {
		if !c.Has("outputs", "softmax") {
			continue
		}
		size, q, k, v := goldenAttention[float64](c)
		y := kerneltest.Poisoned[float64](len(c.Tensor("outputs", "softmax").Data))
		NewSoftmax[float64](size).Forward(y, q, k, v, nil)
		r.Forward(t, c, "softmax", y, golden.Tolerance)
	}
}

// goldenAttention is the problem of a case: its leading dimensions are the batch of one head.
func goldenAttention[F simd.Float](c golden.Case) (size AttentionSize, q, k, v Rows[F]) {
	shape := c.Input("Q").Shape
	n := len(shape)
	size = AttentionSize{Batch: 1, Queries: shape[n-2], Keys: c.Input("K").Shape[n-2], Heads: 1,
		DKey: c.Int("d_key", 0), DValue: c.Int("d_val", 0), Causal: c.Bool("causal", false)}
	for _, d := range shape[:n-2] {
		size.Batch *= d
	}
	operand := func(name string, width int) Rows[F] { return Packed(golden.Convert[F](c.Input(name)), 1, width) }
	return size, operand("Q", size.DKey), operand("K", size.DKey), operand("V", size.DValue)
}

// TestSoftmaxLargeScores: scores far apart, and far beyond the range of exp, keep their digits.
func TestSoftmaxLargeScores(t *testing.T) {
	const n = 300
	size := AttentionSize{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 1, DValue: 1, Causal: true}
	q, k, v := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range n {
		q[i], k[i], v[i] = 1e3, float32((i*7919)%n), float32(i) // the largest key so far takes all
	}
	y := kerneltest.Poisoned[float32](n)
	NewSoftmax[float32](size).Forward(y, Packed(q, 1, 1), Packed(k, 1, 1), Packed(v, 1, 1), nil)
	best := 0
	for i := range n {
		if k[i] > k[best] {
			best = i
		}
		if y[i] != v[best] {
			t.Fatalf("y[%d] = %v, want %v", i, y[i], v[best])
		}
	}
}

// TestSoftmaxThreads: the number of threads does not change a bit.
func TestSoftmaxThreads(t *testing.T) {
	size := AttentionSize{Batch: 3, Queries: 140, Keys: 140, Heads: 3, DKey: 8, DValue: 8, Causal: true}
	sameOnThreads(t, size, ExpWeight, func() attentionKernel[float32] { return softmaxKernel[float32]{NewSoftmax[float32](size)} })
}

func sameOnThreads(t *testing.T, size AttentionSize, weight func(float64) (float64, float64), create func() attentionKernel[float32]) {
	a, dy := attentionCase(size, weight)
	var want [4][]float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		var got [4][]float32
		got[0], got[1], got[2], got[3] = attentionRun(create(), a, dy)
		if want[0] == nil {
			want = got
		}
		for i, name := range []string{"y", "dq", "dk", "dv"} {
			kerneltest.Identical(t, name, got[i], want[i])
		}
	})
}

// TestSoftmaxStreams: a sequence cut anywhere and carried on in a cache equals the whole, and so do the
// gradients of its second part alone, of which the first part is detached.
func TestSoftmaxStreams(t *testing.T) {
	size := AttentionSize{Batch: 2, Queries: 150, Keys: 150, Heads: 2, DKey: 4, DValue: 3, Causal: true}
	a, dy := attentionCase(size, ExpWeight)
	whole, _, _, _ := a.Run(nil)
	for _, cut := range []int{1, 2, 64, 127, 128, 129, 149} {
		part := size
		cache := NewKVCache[float64](size.Batch, size.Heads, size.DKey, size.DValue)
		for _, span := range [][2]int{{0, cut}, {cut, size.Queries}} {
			part.Queries, part.Keys = span[1]-span[0], span[1]-span[0]
			q, k, v := operandsOf(a, span[0], span[1])
			y := kerneltest.Poisoned[float64](part.Batch * part.Queries * part.Heads * part.DValue)
			kernel := NewSoftmax[float64](part)
			kernel.Forward(y, q, k, v, cache)
			kerneltest.Near(t, fmt.Sprint("cut ", cut), y, stretch(whole, size, size.DValue, span[0], span[1]), 1e-12)
			if span[0] == 0 {
				continue
			}
			// with no gradient on the first part of y the detached keys are all that differs
			masked := append([]float64(nil), dy...)
			for b := range size.Batch {
				clear(masked[b*size.Queries*size.Heads*size.DValue : (b*size.Queries+cut)*size.Heads*size.DValue])
			}
			_, wantQ, wantK, wantV := a.Run(masked)
			dq, dk, dv := kerneltest.Poisoned[float64](len(q.Data)), kerneltest.Poisoned[float64](len(k.Data)), kerneltest.Poisoned[float64](len(v.Data))
			kernel.Backward(Packed(dq, size.Heads, size.DKey), Packed(dk, size.Heads, size.DKey), Packed(dv, size.Heads, size.DValue),
				q, k, v, y, stretch(dy, size, size.DValue, span[0], span[1]))
			kerneltest.Near(t, "dq", dq, stretch(wantQ, size, size.DKey, span[0], span[1]), 1e-12)
			kerneltest.Near(t, "dk", dk, stretch(wantK, size, size.DKey, span[0], span[1]), 1e-12)
			kerneltest.Near(t, "dv", dv, stretch(wantV, size, size.DValue, span[0], span[1]), 1e-12)
		}
	}
}

// stretch is positions lo to hi of every sequence of x [B, T, H*width].
func stretch(x []float64, size AttentionSize, width, lo, hi int) []float64 {
	var part []float64
	n := size.Heads * width
	for b := range size.Batch {
		part = append(part, x[(b*size.Queries+lo)*n:(b*size.Queries+hi)*n]...)
	}
	return part
}

// operandsOf is positions lo to hi of the operands.
func operandsOf(a AttentionNaive, lo, hi int) (q, k, v Rows[float64]) {
	return Packed(stretch(a.Q, a.AttentionSize, a.DKey, lo, hi), a.Heads, a.DKey),
		Packed(stretch(a.K, a.AttentionSize, a.DKey, lo, hi), a.Heads, a.DKey),
		Packed(stretch(a.V, a.AttentionSize, a.DValue, lo, hi), a.Heads, a.DValue)
}

// TestSoftmaxSteadyState: after the first run nothing is allocated; a cache allocates only to grow.
func TestSoftmaxSteadyState(t *testing.T) {
	size := AttentionSize{Batch: 2, Queries: 140, Keys: 140, Heads: 2, DKey: 4, DValue: 4, Causal: true}
	k := NewSoftmax[float32](size)
	x, y := kerneltest.Normal[float32]("x", 2*140*24), make([]float32, 2*140*8)
	dx := make([]float32, len(x))
	q, keys, v := SplitQKV(x, 2, 4, 4)
	dq, dk, dv := SplitQKV(dx, 2, 4, 4)
	if n := testing.AllocsPerRun(5, func() {
		k.Forward(y, q, keys, v, nil)
		k.Backward(dq, dk, dv, q, keys, v, y, y)
	}); n > 0 {
		t.Errorf("%v allocations a run", n)
	}
}
