package kernels

import (
	"math"
	"testing"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/cpu"
)

// sameAsHost fails unless the bits are those of the host's assembly; plain Go fuses fewer sums, and rounds them twice.
func sameAsHost(t *testing.T, name string, got, want []float32) {
	t.Helper()
	if cpu.AVX2 {
		same(t, name, got, want)
	} else {
		near(t, name, got, wide(want), 1e-7)
	}
}

// TestAdamW compares with the host's kernel. A negative scale changes nothing.
func TestAdamW(t *testing.T) {
	for _, n := range []int{1, 257, 1000} {
		value, grad, m, v := normal(1, n), normal(2, n), normal(3, n), normal(4, n)
		for i := range v {
			v[i] *= v[i]
		}
		b := newBench(t)
		k := NewOptimizer(b.Scope)
		pv, pg, pm, ps := put(b, value), put(b, grad), put(b, m), put(b, v)
		h := AdamWStep{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Decay: 0.1, Correction1: 0.3, Correction2: 0.05}
		k.AdamW(n, pv, pg, pm, ps, put(b, []float32{-1}), h)
		same(t, "value of a skipped step", get[float32](b, pv, n), value)
		same(t, "mean of a skipped step", get[float32](b, pm, n), m)
		same(t, "square of a skipped step", get[float32](b, ps, n), v)
		k.AdamW(n, pv, pg, pm, ps, put(b, []float32{0.5}), h)
		simd.AdamW(value, grad, m, v, simd.AdamWStep[float32]{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Decay: 0.1, Correction1: 0.3, Correction2: 0.05, GradScale: 0.5})
		sameAsHost(t, "value", get[float32](b, pv, n), value)
		sameAsHost(t, "mean", get[float32](b, pm, n), m)
		sameAsHost(t, "square", get[float32](b, ps, n), v)
	}
}

// TestLion compares with the formula in float32, to the bit. NaN shows in the weight, and a negative scale changes nothing.
func TestLion(t *testing.T) {
	const n = 303
	value, grad, m := normal(1, n), normal(2, n), normal(3, n)
	grad[7], grad[8], m[8], grad[9] = float32(math.NaN()), 0, 0, float32(math.Inf(1))
	b := newBench(t)
	k := NewOptimizer(b.Scope)
	pv, pg, pm := put(b, value), put(b, grad), put(b, m)
	h := LionStep{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Decay: 0.1}
	k.Lion(n, pv, pg, pm, put(b, []float32{-1}), h)
	same(t, "value of a skipped step", get[float32](b, pv, n), value)
	same(t, "momentum of a skipped step", get[float32](b, pm, n), m)
	k.Lion(n, pv, pg, pm, put(b, []float32{0.3}), h)
	shrink := 1 - float32(h.LR*h.Decay)
	for i := range value { // a conversion rounds
		g := grad[i] * 0.3
		c := float32(h.Beta1*m[i]) + float32((1-h.Beta1)*g)
		step := c // 0 or NaN
		if c > 0 {
			step = h.LR
		} else if c < 0 {
			step = -h.LR
		}
		value[i] = float32(shrink*value[i]) - step
		m[i] = float32(h.Beta2*m[i]) + float32((1-h.Beta2)*g)
	}
	same(t, "value", get[float32](b, pv, n), value)
	same(t, "momentum", get[float32](b, pm, n), m)
}

// TestEMA compares with the host's average, and exchanges the arrays. A negative scale changes nothing.
func TestEMA(t *testing.T) {
	const n = 303
	average, value := normal(1, n), normal(2, n)
	b := newBench(t)
	k := NewOptimizer(b.Scope)
	pa, pv := put(b, average), put(b, value)
	k.EMA(n, pa, pv, put(b, []float32{-1}), 0.7)
	same(t, "average of a skipped step", get[float32](b, pa, n), average)
	k.EMA(n, pa, pv, put(b, []float32{1}), 0.7)
	const past = float32(0.7)
	simd.Scale(average, past, average)
	simd.AddScaled(average, 1-past, value)
	sameAsHost(t, "average", get[float32](b, pa, n), average)
	mean := get[float32](b, pa, n)
	k.Swap(n, pa, pv)
	same(t, "average after the exchange", get[float32](b, pa, n), value)
	same(t, "value after the exchange", get[float32](b, pv, n), mean)
}

// TestNorm: the norm of several gradients, of which one has several pieces, and the factor that clips it. What is not finite
// gives a negative factor; squares beyond the range of float32 do not.
func TestNorm(t *testing.T) {
	sizes := []int{3, 40_000, 1}
	for _, c := range []struct {
		name  string
		scale float64 // of the gradients
		bad   float32 // in place of the last number; 0: none
		loss  float64
		clip  float64
	}{
		{"clipped", 1, 0, 2, 10}, {"without a limit", 1, 0, 2, 0}, {"below the limit", 1e-5, 0, 2, 10}, {"huge", 1e30, 0, 2, 1}, {"tiny", 1e-38, 0, 2, 1},
		{"nothing", 0, 0, 2, 1}, {"infinite", 1, float32(math.Inf(1)), 2, 1}, {"NaN", 1, float32(math.NaN()), 2, 1}, {"NaN in the loss", 1, 0, math.NaN(), 1},
		{"infinite loss", 1, 0, math.Inf(-1), 1},
	} {
		b := newBench(t)
		k := NewNorm(b.Scope, sizes, 16384)
		sum := 0.0
		for i, n := range sizes {
			x := normal(uint64(i), n)
			for j := range x {
				x[j] *= float32(c.scale)
				sum += float64(x[j]) * float64(x[j])
			}
			if c.bad != 0 && i == 2 {
				x[0] = c.bad
				sum = float64(c.bad)
			}
			k.Add(i, put(b, x))
		}
		scale := room(b, 1)
		k.Finish(scale, put(b, []float64{c.loss}), c.clip)
		norm := math.Sqrt(sum)
		want := 1.0
		if c.bad != 0 || math.IsNaN(c.loss) || math.IsInf(c.loss, 0) {
			want = -1
		} else if c.clip > 0 && norm > c.clip {
			want = c.clip / norm
		}
		got, factor := get[float64](b, k.Result(), 1)[0], get[float32](b, scale, 1)[0]
		if (got != got) != (norm != norm) || got == got && got != norm && !(math.Abs(got-norm) <= 1e-12*norm) {
			t.Errorf("%s: norm %v, want %v", c.name, got, norm)
		}
		if !(math.Abs(float64(factor)-want) <= 1e-7*math.Abs(want)) {
			t.Errorf("%s: factor %v, want %v", c.name, factor, want)
		}
		pieces := get[float64](b, k.Sums(), 1+3+1)
		total := 0.0
		for _, p := range pieces {
			total += p
		}
		if c.bad == 0 && !(math.Abs(total-sum) <= 1e-12*sum) {
			t.Errorf("%s: sums of squares %v, want %v together", c.name, pieces, sum)
		}
	}
}
