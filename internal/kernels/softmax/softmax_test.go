package softmax

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

// withCache is a kernel whose Forward takes that cache, nil for none.
type withCache[F simd.Float] struct {
	*Kernel[F]
	cache *Cache[F]
}

func (k withCache[F]) Forward(y []F, q, keys, values multihead.Rows[F]) {
	k.Kernel.Forward(y, q, keys, values, k.cache)
}

// TestEqualsNaive compares with the definition in float64.
func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, size := range kerneltest.AttentionSizes {
		a, dy := kerneltest.Attention(size, Weight)
		k := withCache[F]{New[F](size), nil}
		kerneltest.NearNaive[F](t, fmt.Sprintf("%+v", size), k, a, dy, 2, kerneltest.Tolerance[F](1e-5, 1e-12))
	}
}

// TestNaiveGradient compares the gradients of the definition with finite differences, those of a stretch
// of a stream too.
func TestNaiveGradient(t *testing.T) {
	for _, c := range []struct{ batch, past int }{{2, 0}, {1, 2}} {
		whole, _ := kerneltest.Attention(multihead.Size{Batch: c.batch, Queries: 6, Keys: 6, Heads: 2, DKey: 3, DValue: 2, Causal: true}, Weight)
		a := kerneltest.Part(whole, c.past, 6)
		dy := kerneltest.Normal[float64]("dy", len(a.Forward()))
		dq, dk, dv := a.Backward(dy)
		loss := func() float64 { return kerneltest.Dot(a.Forward(), dy) }
		gradcheck.Check(t, "q", loss, a.Q, dq, gradcheck.Options{})
		gradcheck.Check(t, "k", loss, a.K[c.past*a.Heads*a.DKey:], dk, gradcheck.Options{})
		gradcheck.Check(t, "v", loss, a.V[c.past*a.Heads*a.DValue:], dv, gradcheck.Options{})
	}
}

// TestGolden compares with softmax outputs that stand beside those of the reference of Taylor attention.
func TestGolden(t *testing.T) {
	kerneltest.Both(t, func(t *testing.T) { testGolden[float32](t, golden.Tolerance32) }, func(t *testing.T) { testGolden[float64](t, golden.Tolerance) })
}

func testGolden[F simd.Float](t *testing.T, tolerance float64) {
	r := golden.NewRecorder(t, "sata_attention (softmax)")
	for _, c := range golden.Load(t, "sata_attention") {
		if !c.Has("outputs", "softmax") {
			continue
		}
		size, q, k, v := kerneltest.GoldenAttention[F](c)
		y := kerneltest.Poisoned[F](len(c.Tensor("outputs", "softmax").Data))
		New[F](size).Forward(y, q, k, v, nil)
		r.Forward(t, c, "softmax", kerneltest.Widen(y), tolerance)
	}
}

// TestLargeScores: scores far apart, and far beyond the range of exp, keep their digits.
func TestLargeScores(t *testing.T) {
	const n = 300
	size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 1, DValue: 1, Causal: true}
	q, k, v := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range n {
		q[i], k[i], v[i] = 1e3, float32((i*7919)%n), float32(i) // the largest key so far takes all
	}
	y := kerneltest.Poisoned[float32](n)
	New[float32](size).Forward(y, multihead.Packed(q, 1, 1), multihead.Packed(k, 1, 1), multihead.Packed(v, 1, 1), nil)
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

// TestThreads: the number of threads does not change a bit.
func TestThreads(t *testing.T) {
	size := multihead.Size{Batch: 3, Queries: 140, Keys: 140, Heads: 3, DKey: 8, DValue: 8, Causal: true}
	a, dy := kerneltest.Attention(size, Weight)
	kerneltest.SameOnThreads(t, a, dy, func() kerneltest.AttentionKernel[float32] { return withCache[float32]{New[float32](size), nil} })
}

// TestAllocatesNothing: neither in training nor streaming, for as long as the cache need not grow.
func TestAllocatesNothing(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 140, Keys: 140, Heads: 2, DKey: 4, DValue: 4, Causal: true}
	k := New[float32](size)
	x, y := kerneltest.Normal[float32]("x", 2*140*24), make([]float32, 2*140*8)
	dx := make([]float32, len(x))
	q, keys, v := multihead.SplitQKV(x, 2, 4, 4)
	dq, dk, dv := multihead.SplitQKV(dx, 2, 4, 4)
	kerneltest.AllocatesNothing(t, "a training step", func() {
		k.Forward(y, q, keys, v, nil)
		k.Backward(dq, dk, dv, q, keys, v, y, y)
	})
	one := size
	one.Queries, one.Keys = 1, 1
	token, cache := New[float32](one), NewCache[float32](2, 2, 4, 4)
	kerneltest.AllocatesNothing(t, "a token", func() { token.Forward(y, q, keys, v, cache) })
}

// TestSpreadsNaN: what depends on a NaN is NaN, and no output of a query before it is.
func TestSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testSpreadsNaN[float32], testSpreadsNaN[float64])
}

func testSpreadsNaN[F simd.Float](t *testing.T) {
	create := func(size multihead.Size) kerneltest.AttentionKernel[F] { return withCache[F]{New[F](size), nil} }
	kerneltest.AttentionSpreadsNaN(t, create, true)
	kerneltest.AttentionKeepsNaNBehind(t, create)
}
