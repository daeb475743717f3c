package taylor

import (
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/softmax"
	"goomtrain/internal/simd"
)

// TestConverges: on unit-normal inputs the distance to softmax attention falls with the number of
// terms as the remainder of the series. With r_j the remainder of weight j, at most |s|^P/P! e^max(s,0),
//
//	y - softmax = sum_j -r_j (v_j - softmax) / z
//
// exactly, because the softmax weights of v_j - softmax sum to zero; every output is held to that.
func TestConverges(t *testing.T) {
	size := multihead.Size{Batch: 1, Queries: 200, Keys: 200, Heads: 2, DKey: 8, DValue: 4, Causal: true}
	a, _ := kerneltest.Attention(size, softmax.Weight)
	want := a.Forward()
	q, k, v := multihead.Packed(a.Q, a.Heads, a.DKey), multihead.Packed(a.K, a.Heads, a.DKey), multihead.Packed(a.V, a.Heads, a.DValue)
	last := math.Inf(1)
	for terms := 3; terms <= MaxTerms; terms++ {
		y := make([]float64, len(want))
		newForm[float64](size, terms, true).Forward(y, q, k, v, nil)
		mean, worst, closest := 0.0, 0.0, 0.0
		for pos := range size.Queries {
			for h := range size.Heads {
				got, exact := rowOf(y, pos, h, a.Heads, a.DValue), rowOf(want, pos, h, a.Heads, a.DValue)
				bound := remainderBound(a, pos, h, terms, exact)
				for i := range got {
					d := math.Abs(got[i] - exact[i])
					if d > bound[i]+1e-12 {
						t.Errorf("P = %d: position %d is %v off, the remainder allows %v", terms, pos, d, bound[i])
					}
					mean += d / float64(len(y))
					worst = max(worst, d)
					closest = max(closest, d/(bound[i]+1e-12))
				}
			}
		}
		t.Logf("P = %d: mean error %.3g, largest %.3g, up to %.2f of the bound", terms, mean, worst, closest)
		if mean > last*0.6 {
			t.Errorf("P = %d: mean error %v after %v", terms, mean, last)
		}
		last = mean
	}
	if last > 2e-3 {
		t.Errorf("with %d terms the mean error is %v", MaxTerms, last)
	}
}

// rowOf is the numbers of head h at position t of x [T, heads, width].
func rowOf(x []float64, t, h, heads, width int) []float64 {
	return x[(t*heads+h)*width:][:width]
}

// remainderBound returns how far the remainder of the series allows the output to be from softmax attention.
func remainderBound(a multihead.Naive, pos, h, terms int, exact []float64) []float64 {
	bound, total := make([]float64, len(exact)), 0.0
	weight := Weight(terms)
	for j := range pos + 1 {
		s := kerneltest.Dot(rowOf(a.Q, pos, h, a.Heads, a.DKey), rowOf(a.K, j, h, a.Heads, a.DKey)) / math.Sqrt(float64(a.DKey))
		w, _ := weight(s)
		total += w
		remainder := math.Pow(math.Abs(s), float64(terms)) / math.Gamma(float64(terms)+1) * math.Exp(max(s, 0))
		for i, v := range rowOf(a.V, j, h, a.Heads, a.DValue) {
			bound[i] += remainder * math.Abs(v-exact[i])
		}
	}
	for i := range bound {
		bound[i] /= math.Abs(total)
	}
	return bound
}

// TestZeroDenominators: sums of weights that are zero, or zero but for rounding, give outputs and
// gradients of 0; sums near zero give finite ones.
func TestZeroDenominators(t *testing.T) {
	kerneltest.Both(t, testZeros[float32], testZeros[float64])
}

func testZeros[F simd.Float](t *testing.T) {
	const n = 130
	size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 1, DValue: 2, Causal: true}
	eachForm(t, func(t *testing.T, chunked bool) {
		for _, near := range []F{0, 1e-7, 1e-6, 1e-5, 1e-3} {
			a := multihead.Naive{Size: size, Q: make([]float64, n), K: make([]float64, n), V: kerneltest.Normal[float64]("v", 2*n)}
			for i := range n {
				a.Q[i], a.K[i] = 1, float64(near)-1 // w = 1 + q k = near at every key
			}
			dy := kerneltest.Normal[float64]("dy", 2*n)
			y, dq, dk, dv := kerneltest.RunAttention[F](form[F]{newForm[F](size, 2, chunked)}, a, dy, 2)
			for name, x := range map[string][]F{"y": y, "dq": dq, "dk": dk, "dv": dv} {
				for i, v := range x {
					if v := float64(v); math.IsNaN(v) || math.IsInf(v, 0) || near == 0 && v != 0 {
						t.Fatalf("weights of %v: %s[%d] = %v", near, name, i, v)
					}
				}
			}
		}
	})
	if y := kerneltest.Poisoned[F](2); true { // one token of a carry, too
		one := size
		one.Queries, one.Keys = 1, 1
		k, carry := New[F](one, 2, true), NewCarry[F](1, 1, 1, 2, 2)
		for range n {
			k.Forward(y, multihead.Packed([]F{1}, 1, 1), multihead.Packed([]F{-1}, 1, 1), multihead.Packed([]F{3, 4}, 1, 2), carry)
			if y[0] != 0 || y[1] != 0 {
				t.Fatalf("one token: y = %v, want 0", y)
			}
		}
	}
}
