package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// function32 is an elementwise function with its float64 definition, which is the truth: package math
// is good to less than a float64 ulp, a thousandth of nothing for float32.
type function32 struct {
	name  string
	f     func(dst, src []float32)
	truth func(float64) float64
}

var functions32 = []function32{
	{"Exp", Exp[float32], math.Exp},
	{"Log", Log[float32], math.Log},
	{"Log1p", Log1p[float32], math.Log1p},
	{"Sigmoid", Sigmoid[float32], sigmoid},
	{"LogSigmoid", LogSigmoid[float32], logSigmoid},
	{"Tanh", Tanh[float32], math.Tanh},
}

// ulps is the distance of got from want in units of the last place of float32 at want (denormals have
// that of the smallest normal number).
func ulps(got float32, want float64) float64 {
	nearest := float32(want)
	switch {
	case math.IsNaN(want):
		if got != got {
			return 0
		}
		return math.Inf(1)
	case math.IsInf(float64(nearest), 0):
		if got == nearest {
			return 0
		}
		// the neighbour of infinity is a finite number
		want = math.Copysign(math.MaxFloat32, want)
	case math.IsInf(float64(got), 0) || got != got:
		return math.Inf(1)
	}
	unit := math.Ldexp(1, max(math.Ilogb(math.Abs(want)), -126)-23)
	if want == 0 {
		unit = 0x1p-149
	}
	return math.Abs(float64(got)-want) / unit
}

// worst returns the largest error of f over inputs given by their bits, and where it is.
func worst(f function32, from, to, step uint64) (most float64, at float32) {
	const block = 1 << 12
	src, dst := make([]float32, 0, block), make([]float32, block)
	check := func() {
		f.f(dst[:len(src)], src)
		for i, x := range src {
			if e := ulps(dst[i], f.truth(float64(x))); e > most || e != e {
				most, at = e, x
			}
		}
		src = src[:0]
	}
	for b := from; b < to; b += step {
		src = append(src, math.Float32frombits(uint32(b)))
		if len(src) == block {
			check()
		}
	}
	check()
	return most, at
}

// TestFunctionsWithin2ulp sweeps all exponents, denormals, NaN and both signs: every 4093rd float32, a
// prime step. With a step of 31 the assembly is off by at most 0.95 (Exp), 0.91 (Log), 1.50 (Log1p), 0.97
// (Sigmoid), 1.69 (LogSigmoid) and 1.42 ulp (Tanh).
func TestFunctionsWithin2ulp(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		for _, f := range functions32 {
			step := uint64(4093)
			if testing.Short() {
				step *= 101
			}
			if most, at := worst(f, 0, 1<<32, step); !(most <= 2) {
				t.Errorf("%s(%v) is off by %.2f ulp", f.name, at, most)
			} else {
				t.Logf("%s: at most %.3f ulp, at %v", f.name, most, at)
			}
		}
	})
}

// Where a function turns from one regime to the next every number counts.
func TestFunctionsAroundTheirEdges(t *testing.T) {
	edges := []float32{0, 1e-45, 0x1p-126, 0x1p-24, 0x1p-12, 1. / 3, 0.3465736, 0.5, 0.54930615, 2. / 3, 1, 4. / 3, 2, 9.01, 16.6, 17.33, 87.3, 88.02969, 88.72284, 103.27893, 103.97208, 104, 150, 0x1p23, math.MaxFloat32}
	onEachPath(t, func(t *testing.T) {
		for _, f := range functions32 {
			for _, e := range edges {
				for _, sign := range []float32{1, -1} {
					b := uint64(math.Float32bits(sign * e))
					if most, at := worst(f, max(b, 500)-500, b+500, 1); !(most <= 2) {
						t.Errorf("%s(%v) is off by %.2f ulp", f.name, at, most)
					}
				}
			}
		}
	})
}

func TestFunctionsAtSpecialValues(t *testing.T) {
	inf, zero := math.Inf(1), math.Copysign(0, -1)
	specials := []float64{0, zero, inf, -inf, math.NaN(), 1, -1, 2, -2, 200, -200}
	onEachPath(t, func(t *testing.T) {
		for _, f := range functions32 {
			for _, x := range specials {
				dst := []float32{42}
				f.f(dst, []float32{float32(x)})
				want := float32(f.truth(x))
				if math.Float32bits(dst[0]) != math.Float32bits(want) && (dst[0] == dst[0] || want == want) && ulps(dst[0], f.truth(x)) > 0.51 {
					t.Errorf("%s(%v) = %v, want %v", f.name, x, dst[0], want)
				}
				if exact := f.truth(x); exact == 0 && math.Signbit(float64(dst[0])) != math.Signbit(exact) {
					t.Errorf("%s(%v) has the wrong sign of zero", f.name, x)
				}
			}
		}
	})
}

// Every length, in place and not, must give the same bits and leave the neighbours alone.
func TestFunctionsAtEveryLength(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	onEachPath(t, func(t *testing.T) {
		for _, f := range functions32 {
			for n := range 70 {
				src := make([]float32, n)
				for i := range src {
					src[i] = float32(r.NormFloat64() * 3)
				}
				alone := make([]float32, n)
				for i := range src {
					f.f(alone[i:i+1], src[i:i+1])
				}
				dst := append(make([]float32, n), 42)
				f.f(dst[:n:n], src)
				if got, want := fmt.Sprint(dst[:n]), fmt.Sprint(alone); got != want || dst[n] != 42 {
					t.Fatalf("%s of %d: %v, one by one %v", f.name, n, dst, alone)
				}
				f.f(src, src)
				if got, want := fmt.Sprint(src), fmt.Sprint(alone); got != want {
					t.Fatalf("%s of %d in place: %v, want %v", f.name, n, got, want)
				}
			}
		}
	})
}

func TestFunctionsInFloat64(t *testing.T) {
	src := []float64{-3, -0.5, 0, 0.5, 3}
	for _, f := range []struct {
		name  string
		f     func(dst, src []float64)
		truth func(float64) float64
	}{
		{"Exp", Exp[float64], math.Exp}, {"Tanh", Tanh[float64], math.Tanh}, {"Log", Log[float64], math.Log}, {"Log1p", Log1p[float64], math.Log1p},
		{"Sigmoid", Sigmoid[float64], func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"LogSigmoid", LogSigmoid[float64], func(x float64) float64 { return -math.Log1p(math.Exp(-x)) }},
	} {
		dst := make([]float64, len(src))
		f.f(dst, src)
		for i, x := range src {
			want := f.truth(x)
			if !(math.Abs(dst[i]-want) <= 1e-15*max(1, math.Abs(want))) && (dst[i] == dst[i] || want == want) && dst[i] != want {
				t.Errorf("%s(%v) = %v, want %v", f.name, x, dst[i], want)
			}
		}
	}
}

func TestExpSum(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 2))
		for _, n := range []int{0, 1, 5, 8, 16, 31, 1000, 70000} {
			src, dst := make([]float32, n), make([]float32, n)
			var want float64
			for i := range src {
				src[i] = float32(r.NormFloat64())
				want += math.Exp(float64(src[i] - 1.5))
			}
			got := ExpSum(dst, src, 1.5)
			if math.Abs(float64(got)-want) > 1e-6*want {
				t.Errorf("n=%d: sum %v, want %v", n, got, want)
			}
			if only := expSumOnly32(src, 1.5); only != got && math.Abs(float64(only)-want) > 1e-6*want {
				t.Errorf("n=%d: sum alone %v, want %v", n, only, want)
			}
			for i, x := range src {
				if e := ulps(dst[i], math.Exp(float64(x-1.5))); e > 2 {
					t.Fatalf("n=%d: exp(%v) is off by %v ulp", n, x-1.5, e)
				}
			}
		}
	})
}

func TestElementwiseRefusals(t *testing.T) {
	x := make([]float32, 10)
	for name, call := range map[string]func(){
		"lengths": func() { Exp(x[:3], x[:4]) },
		"overlap": func() { Exp(x[1:5], x[:4]) },
		"second":  func() { Add(x[:3], x[3:6], x[2:5]) },
		"max":     func() { Max(x[:0]) },
		"argmax":  func() { ArgMax(x[:0]) },
		"dot":     func() { Dot(x[:1], x[:2]) },
		"glu":     func() { GLU(x[:3], make([]float32, 5)) },
		"rows":    func() { GLURows(make([]float32, 6), make([]float32, 12), 4) },
		"no rows": func() { GLUBackwardRows(make([]float32, 12), make([]float32, 6), make([]float32, 12), 0) },
		"shared":  func() { GLURows(x[:2], x[:4], 2) },
		"target":  func() { CrossEntropy(x, 10) },
		"norm":    func() { LayerNorm(x[:0], x[:0], x[:0], x[:0], 1) },
		"adam":    func() { AdamW(x[:2], x[2:4], x[4:6], x[5:7], AdamWStep[float32]{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			call()
		}()
	}
}
