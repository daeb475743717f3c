package kernels

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/simd"
	"goomtrain/rng"
)

// normal draws n standard normal numbers; the same stream name gives the same numbers.
func normal[F simd.Float](stream string, n int) []F {
	r := rng.New(1, stream)
	x := make([]F, n)
	for i := range x {
		x[i] = F(r.NormFloat64())
	}
	return x
}

// poisoned is a slice of NaN: what a kernel does not write, or reads before it writes, shows.
func poisoned[F simd.Float](n int) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = F(math.NaN())
	}
	return x
}

// widen converts to float64.
func widen[F simd.Float](x []F) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// near fails unless got equals want within tolerance relative to the largest magnitude in want.
func near[F, W simd.Float](t *testing.T, name string, got []F, want []W, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", name, len(got), len(want))
	}
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i := range got {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= tolerance*largest) {
			t.Fatalf("%s[%d] = %v, want %v (off by %.3g of the largest, %.3g)", name, i, got[i], want[i], d/largest, largest)
		}
	}
}

// identical fails unless both are the same bits.
func identical[F simd.Float](t *testing.T, name string, got, want []F) {
	t.Helper()
	for i := range want {
		if math.Float64bits(float64(got[i])) != math.Float64bits(float64(want[i])) {
			t.Fatalf("%s[%d] = %v, want the same bits as %v", name, i, got[i], want[i])
		}
	}
}

// onThreads runs body on 1, 2, 3 and 7 threads.
func onThreads(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	defer simd.SetThreads(simd.Threads())
	for _, n := range []int{1, 2, 3, 7} {
		simd.SetThreads(n)
		t.Run(fmt.Sprintf("threads=%d", n), body)
	}
}

// tolerance is what rounding may cost in F.
func tolerance[F simd.Float](single, double float64) float64 {
	var f F
	if _, ok := any(f).(float32); ok {
		return single
	}
	return double
}
