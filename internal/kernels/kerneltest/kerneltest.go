// Package kerneltest holds what the tests of all families of kernels share: random numbers, memory that
// shows what was not written, and comparisons.
package kerneltest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
	"goomtrain/rng"
)

// Normal draws n standard normal numbers; the same stream name gives the same numbers.
func Normal[F simd.Float](stream string, n int) []F {
	r := rng.New(1, stream)
	x := make([]F, n)
	for i := range x {
		x[i] = F(r.NormFloat64())
	}
	return x
}

// Poisoned returns a slice of NaN: what a kernel does not write, or reads before it writes, shows.
func Poisoned[F simd.Float](n int) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = F(math.NaN())
	}
	return x
}

// Widen converts to float64.
func Widen[F simd.Float](x []F) []float64 { return convert[float64](x) }

// Narrow rounds to F.
func Narrow[F simd.Float](x []float64) []F { return convert[F](x) }

func convert[To, From simd.Float](x []From) []To {
	y := make([]To, len(x))
	for i, v := range x {
		y[i] = To(v)
	}
	return y
}

// Dot returns sum(y * dy), the scalar whose gradient a backward pass gives.
func Dot(y, dy []float64) float64 {
	sum := 0.0
	for i := range y {
		sum += y[i] * dy[i]
	}
	return sum
}

// Largest returns the largest magnitude in x, 0 if x is empty.
func Largest[F simd.Float](x []F) float64 {
	largest := 0.0
	for _, v := range x {
		largest = max(largest, math.Abs(float64(v)))
	}
	return largest
}

// Near fails the test unless got equals want within tolerance times the largest magnitude in want.
func Near[F, W simd.Float](t *testing.T, name string, got []F, want []W, tolerance float64) {
	t.Helper()
	Within(t, name, got, want, tolerance*Largest(want))
}

// Within fails the test unless got equals want within distance.
func Within[F, W simd.Float](t *testing.T, name string, got []F, want []W, distance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", name, len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= distance) {
			t.Fatalf("%s[%d] = %v, want %v (off by %.3g, at most %.3g)", name, i, got[i], want[i], d, distance)
		}
	}
}

// Identical fails the test unless both have the same bits.
func Identical[F simd.Float](t *testing.T, name string, got, want []F) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", name, len(got), len(want))
	}
	for i := range want {
		if math.Float64bits(float64(got[i])) != math.Float64bits(float64(want[i])) {
			t.Fatalf("%s[%d] = %v, want the same bits as %v", name, i, got[i], want[i])
		}
	}
}

// OnThreads runs body on 1, 2, 3 and 7 threads.
func OnThreads(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	defer simd.SetThreads(simd.Threads())
	for _, n := range []int{1, 2, 3, 7} {
		simd.SetThreads(n)
		t.Run(fmt.Sprintf("threads=%d", n), body)
	}
}

// Both runs a generic test for both element types.
func Both(t *testing.T, single, double func(t *testing.T)) {
	t.Helper()
	t.Run("float32", single)
	t.Run("float64", double)
}

// Tolerance chooses what rounding may cost in F.
func Tolerance[F simd.Float](single, double float64) float64 {
	if floats.Single[F]() {
		return single
	}
	return double
}

// Panics fails the test unless f panics.
func Panics(t *testing.T, name string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", name)
		}
	}()
	f()
}

// Refuses fails the test unless f panics with a text that contains want. An index out of range does not do.
func Refuses(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("panic %q, want %q", got, want)
		}
	}()
	f()
}

// AllocatesNothing fails the test if a call of f, after the first, allocates.
func AllocatesNothing(t *testing.T, name string, f func()) {
	t.Helper()
	f()
	if n := testing.AllocsPerRun(5, f); n > 0 {
		t.Errorf("%s allocates %v times a call", name, n)
	}
}
