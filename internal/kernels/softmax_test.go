package kernels

import (
	"fmt"
	"os"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

func TestMain(m *testing.M) {
	workspace.Poison()
	os.Exit(m.Run())
}

type softmaxKernel[F simd.Float] struct{ *Softmax[F] }

func (s softmaxKernel[F]) Forward(y []F, q, k, v multihead.Rows[F]) {
	s.Softmax.Forward(y, q, k, v, nil)
}

// TestSoftmaxEqualsNaive compares with the definition in float64.
func TestSoftmaxEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testSoftmax[float32], testSoftmax[float64])
}

func testSoftmax[F simd.Float](t *testing.T) {
	for _, size := range kerneltest.AttentionSizes {
		t.Run(fmt.Sprintf("%+v", size), func(t *testing.T) {
			a, dy := kerneltest.Attention(size, SoftmaxWeight)
			kerneltest.NearNaive[F](t, "", softmaxKernel[F]{NewSoftmax[F](size)}, a, dy, 2, kerneltest.Tolerance[F](1e-5, 1e-12))
		})
	}
}

// TestAttentionNaiveGradient holds the naive gradients to finite differences, those of a stretch too.
func TestAttentionNaiveGradient(t *testing.T) {
	for terms := range 6 {
		weight := SoftmaxWeight // terms 0
		if terms > 0 {
			weight = TaylorWeight(terms)
		}
		for _, c := range [][2]int{{2, 0}, {1, 2}} {
			batch, past := c[0], c[1]
			whole, _ := kerneltest.Attention(multihead.Size{Batch: batch, Queries: 6, Keys: 6, Heads: 2, DKey: 3, DValue: 2, Causal: true}, weight)
			a := kerneltest.Part(whole, past, 6)
			dy := kerneltest.Normal[float64]("dy", len(a.Forward()))
			dq, dk, dv := a.Backward(dy)
			f := func() float64 { return kerneltest.Dot(a.Forward(), dy) }
			gradcheck.Check(t, "q", f, a.Q, dq, gradcheck.Options{})
			gradcheck.Check(t, "k", f, a.K[past*a.Heads*a.DKey:], dk, gradcheck.Options{})
			gradcheck.Check(t, "v", f, a.V[past*a.Heads*a.DValue:], dv, gradcheck.Options{})
		}
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
func goldenAttention[F simd.Float](c golden.Case) (size multihead.Size, q, k, v multihead.Rows[F]) {
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

// TestSoftmaxLargeScores: scores far apart, and far beyond the range of exp, keep their digits.
func TestSoftmaxLargeScores(t *testing.T) {
	const n = 300
	size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 1, DValue: 1, Causal: true}
	q, k, v := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range n {
		q[i], k[i], v[i] = 1e3, float32((i*7919)%n), float32(i) // the largest key so far takes all
	}
	y := kerneltest.Poisoned[float32](n)
	NewSoftmax[float32](size).Forward(y, multihead.Packed(q, 1, 1), multihead.Packed(k, 1, 1), multihead.Packed(v, 1, 1), nil)
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
	size := multihead.Size{Batch: 3, Queries: 140, Keys: 140, Heads: 3, DKey: 8, DValue: 8, Causal: true}
	a, dy := kerneltest.Attention(size, SoftmaxWeight)
	kerneltest.SameOnThreads(t, a, dy, func() kerneltest.AttentionKernel[float32] { return softmaxKernel[float32]{NewSoftmax[float32](size)} })
}

// TestSoftmaxStreams: a sequence cut anywhere and carried on in a cache equals the whole, and so do the
// gradients of its second part alone, of which the first part is detached.
func TestSoftmaxStreams(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 150, Keys: 150, Heads: 2, DKey: 4, DValue: 3, Causal: true}
	whole, dy := kerneltest.Attention(size, SoftmaxWeight)
	for _, cut := range []int{1, 2, 64, 127, 128, 129, 149} {
		cache := NewKVCache[float64](size.Batch, size.Heads, size.DKey, size.DValue)
		for _, span := range [][2]int{{0, cut}, {cut, size.Queries}} {
			a := kerneltest.Part(whole, span[0], span[1])
			k := softmaxStream[float64]{NewSoftmax[float64](a.Size), cache}
			kerneltest.NearNaive[float64](t, fmt.Sprint("cut ", cut), k, a, kerneltest.Positions(dy, size.Batch, size.Heads*size.DValue, span[0], span[1]), 1, 1e-12)
		}
	}
}

type softmaxStream[F simd.Float] struct {
	*Softmax[F]
	cache *KVCache[F]
}

func (s softmaxStream[F]) Forward(y []F, q, k, v multihead.Rows[F]) {
	s.Softmax.Forward(y, q, k, v, s.cache)
}

// TestSoftmaxSteadyState: after the first run nothing is allocated; a cache allocates only to grow.
func TestSoftmaxSteadyState(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 140, Keys: 140, Heads: 2, DKey: 4, DValue: 4, Causal: true}
	k := NewSoftmax[float32](size)
	x, y := kerneltest.Normal[float32]("x", 2*140*24), make([]float32, 2*140*8)
	dx := make([]float32, len(x))
	q, keys, v := multihead.SplitQKV(x, 2, 4, 4)
	dq, dk, dv := multihead.SplitQKV(dx, 2, 4, 4)
	if n := testing.AllocsPerRun(5, func() {
		k.Forward(y, q, keys, v, nil)
		k.Backward(dq, dk, dv, q, keys, v, y, y)
	}); n > 0 {
		t.Errorf("%v allocations a run", n)
	}
}
