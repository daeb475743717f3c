package taylor

import (
	"fmt"
	"os"
	"testing"

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

// form is a Kernel without a carry.
type form[F simd.Float] struct{ *Kernel[F] }

func (s form[F]) Forward(y []F, q, k, v multihead.Rows[F]) { s.Kernel.Forward(y, q, k, v, nil) }

// attention is an attention case whose scores are small enough that sums of weights of an odd degree
// stay away from zero: a quotient by a number near zero magnifies rounding.
func attention(size multihead.Size, terms int) (a multihead.Naive, dy []float64) {
	a, dy = kerneltest.Attention(size, Weight(terms))
	for i := range a.Q {
		a.Q[i] *= 0.5
	}
	return a, dy
}

// eachForm runs a test on the quadratic and on the chunked form.
func eachForm(t *testing.T, body func(t *testing.T, chunked bool)) {
	t.Run("quadratic", func(t *testing.T) { body(t, false) })
	t.Run("chunked", func(t *testing.T) { body(t, true) })
}

// TestEqualsNaive compares both forms with the definition in float64.
func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, size := range kerneltest.AttentionSizes {
		for terms := 1; terms <= MaxTerms; terms++ {
			eachForm(t, func(t *testing.T, chunked bool) {
				a, dy := attention(size, terms)
				t.Run(fmt.Sprintf("%+v P=%d", size, terms), func(t *testing.T) {
					kerneltest.NearNaive[F](t, "", form[F]{newForm[F](size, terms, chunked)}, a, dy, 2, kerneltest.Tolerance[F](2e-4, 1e-11))
				})
			})
		}
	}
}

// TestNaiveGradient compares the gradients of the definition with finite differences.
func TestNaiveGradient(t *testing.T) {
	for terms := 1; terms < 6; terms++ {
		a, dy := kerneltest.Attention(multihead.Size{Batch: 2, Queries: 6, Keys: 6, Heads: 2, DKey: 3, DValue: 2, Causal: true}, Weight(terms))
		dq, dk, dv := a.Backward(dy)
		loss := func() float64 { return kerneltest.Dot(a.Forward(), dy) }
		gradcheck.Check(t, "q", loss, a.Q, dq, gradcheck.Options{})
		gradcheck.Check(t, "k", loss, a.K, dk, gradcheck.Options{})
		gradcheck.Check(t, "v", loss, a.V, dv, gradcheck.Options{})
	}
}

// TestGroups compares with the definition where features are computed in several groups.
func TestGroups(t *testing.T) {
	for _, size := range []multihead.Size{
		{Batch: 1, Queries: 300, Keys: 300, Heads: 1, DKey: 16, DValue: 8, Causal: true},
		{Batch: 1, Queries: 140, Keys: 200, Heads: 1, DKey: 15, DValue: 3},
	} {
		for terms := 4; terms <= 5; terms++ {
			k := newForm[float64](size, terms, true)
			if len(k.features.groups) < 2 {
				t.Fatalf("%+v P=%d: one group of %d features tests nothing", size, terms, k.features.Len())
			}
			a, dy := attention(size, terms)
			kerneltest.NearNaive[float64](t, "", form[float64]{k}, a, dy, 2, 1e-11)
		}
	}
}

// TestFormsAgree: the quadratic, the chunked and the one-token form at short and long lengths.
func TestFormsAgree(t *testing.T) { kerneltest.Both(t, testForms[float32], testForms[float64]) }

func testForms[F simd.Float](t *testing.T) {
	for _, length := range []int{1, 2, 63, 1000} {
		size := multihead.Size{Batch: 1, Queries: length, Keys: length, Heads: 2, DKey: 8, DValue: 8, Causal: true}
		for _, terms := range []int{3, 4} {
			a, dy := attention(size, terms)
			want, wantQ, wantK, wantV := kerneltest.RunAttention[F](form[F]{newForm[F](size, terms, false)}, a, dy, 2)
			y, dq, dk, dv := kerneltest.RunAttention[F](form[F]{newForm[F](size, terms, true)}, a, dy, 2)
			tol := kerneltest.Tolerance[F](2e-5, 1e-13)
			kerneltest.Near(t, fmt.Sprint(length, " y"), y, want, tol)
			kerneltest.Near(t, fmt.Sprint(length, " dv"), dv, wantV, tol)
			if length > 1 {
				kerneltest.Near(t, fmt.Sprint(length, " dq"), dq, wantQ, 10*tol)
				kerneltest.Near(t, fmt.Sprint(length, " dk"), dk, wantK, 10*tol)
			}
			one := size
			one.Queries, one.Keys = 1, 1
			k, carry := New[F](one, terms, true), NewCarry[F](1, size.Heads, size.DKey, size.DValue, terms)
			n, w := size.Heads*size.DKey, size.Heads*size.DValue
			q, keys, v := kerneltest.Narrow[F](a.Q), kerneltest.Narrow[F](a.K), kerneltest.Narrow[F](a.V)
			for pos := range length {
				out := kerneltest.Poisoned[F](w)
				k.Forward(out, multihead.Packed(q[pos*n:(pos+1)*n], size.Heads, size.DKey), multihead.Packed(keys[pos*n:(pos+1)*n], size.Heads, size.DKey),
					multihead.Packed(v[pos*w:(pos+1)*w], size.Heads, size.DValue), carry)
				kerneltest.Near(t, fmt.Sprint(length, " token ", pos), out, want[pos*w:(pos+1)*w], 10*tol)
			}
		}
	}
}

// TestThreads: the number of threads does not change a bit.
func TestThreads(t *testing.T) {
	size := multihead.Size{Batch: 3, Queries: 140, Keys: 140, Heads: 3, DKey: 8, DValue: 8, Causal: true}
	eachForm(t, func(t *testing.T, chunked bool) {
		a, dy := attention(size, 4)
		kerneltest.SameOnThreads(t, a, dy, func() kerneltest.AttentionKernel[float32] {
			return form[float32]{newForm[float32](size, 4, chunked)}
		})
	})
}

// TestAllocatesNothing: neither in training nor streaming.
func TestAllocatesNothing(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 140, Keys: 140, Heads: 2, DKey: 4, DValue: 4, Causal: true}
	eachForm(t, func(t *testing.T, chunked bool) {
		k := newForm[float32](size, 4, chunked)
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
	})
	one := size
	one.Queries, one.Keys = 1, 1
	k, carry := New[float32](one, 4, true), NewCarry[float32](2, 2, 4, 4, 4)
	x, y := kerneltest.Normal[float32]("x", 2*24), make([]float32, 2*8)
	q, keys, v := multihead.SplitQKV(x, 2, 4, 4)
	if n := testing.AllocsPerRun(200, func() { k.Forward(y, q, keys, v, carry) }); n > 0 {
		t.Errorf("%v allocations a token", n)
	}
}

// TestSpreadsNaN: what depends on a NaN is NaN, and no output of a query before it is, in both forms.
func TestSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testSpreadsNaN[float32], testSpreadsNaN[float64])
}

func testSpreadsNaN[F simd.Float](t *testing.T) {
	for _, terms := range []int{1, 2, 3, 4} {
		eachForm(t, func(t *testing.T, chunked bool) {
			create := func(size multihead.Size) kerneltest.AttentionKernel[F] {
				return form[F]{newForm[F](size, terms, chunked)}
			}
			kerneltest.AttentionSpreadsNaN(t, create, terms > 1)
			kerneltest.AttentionKeepsNaNBehind(t, create)
		})
	}
}
