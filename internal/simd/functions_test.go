package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// function is an elementwise function of both types with its float64 definition, which is the truth: it is accurate to
// about one float64 ulp.
type function struct {
	name  string
	f     func(dst, src []float32)
	f64   func(dst, src []float64)
	truth func(float64) float64
}

// testFunction checks an elementwise function against its definition, on each path.
func testFunction(t *testing.T, f function) {
	t.Run(f.name, func(t *testing.T) {
		simdtest.OnEachPath(t, func(t *testing.T) {
			t.Run("sweep", func(t *testing.T) { testSweep(t, f) })
			t.Run("edges", func(t *testing.T) { testEdges(t, f) })
			t.Run("specials", func(t *testing.T) { testSpecials(t, f) })
			t.Run("lengths", func(t *testing.T) { testLengths(t, f) })
		})
		t.Run("float64", func(t *testing.T) { testFloat64(t, f) })
	})
}

// ulps is the distance of got from want in units of the last place of float32 at want; subnormal numbers have the
// unit of the smallest normal number.
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
		// the neighbor of infinity is a finite number
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
func worst(f function, from, to, step uint64) (most float64, at float32) {
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

// testSweep sweeps all exponents, subnormal numbers, NaN and both signs: every 4093rd float32, a prime step.
func testSweep(t *testing.T, f function) {
	step := uint64(4093)
	if testing.Short() {
		step *= 101
	}
	most, at := worst(f, 0, 1<<32, step)
	if !(most <= 2) {
		t.Fatalf("%s(%v) is off by %.2f ulp", f.name, at, most)
	}
	t.Logf("%s: at most %.3f ulp, at %v", f.name, most, at)
}

// testEdges takes every number around those at which a function changes its method.
func testEdges(t *testing.T, f function) {
	for _, e := range []float32{0, 1e-45, 0x1p-126, 0x1p-24, 0x1p-12, 1. / 3, 0.3465736, 0.5, 0.54930615, 2. / 3, 1, 4. / 3, 2, 9.01,
		16.6, 17.33, 87.3, 88.02969, 88.72284, 103.27893, 103.97208, 104, 150, 0x1p23, math.MaxFloat32} {
		for _, sign := range []float32{1, -1} {
			b := uint64(math.Float32bits(sign * e))
			if most, at := worst(f, max(b, 500)-500, b+500, 1); !(most <= 2) {
				t.Errorf("%s(%v) is off by %.2f ulp", f.name, at, most)
			}
		}
	}
}

func testSpecials(t *testing.T, f function) {
	inf, zero := math.Inf(1), math.Copysign(0, -1)
	for _, x := range []float64{0, zero, inf, -inf, math.NaN(), 1, -1, 2, -2, 200, -200} {
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

// testLengths checks that every length, in place and not, gives the same bits and leaves the neighbors alone.
func testLengths(t *testing.T, f function) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := range 70 {
		src := simdtest.Normals[float32](r, n)
		for i := range src {
			src[i] *= 3
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

func testFloat64(t *testing.T, f function) {
	src := []float64{-3, -0.5, 0, 0.5, 3}
	dst := make([]float64, len(src))
	f.f64(dst, src)
	for i, x := range src {
		want := f.truth(x)
		if !(math.Abs(dst[i]-want) <= 1e-15*max(1, math.Abs(want))) && (dst[i] == dst[i] || want == want) && dst[i] != want {
			t.Errorf("%s(%v) = %v, want %v", f.name, x, dst[i], want)
		}
	}
}
