// Package simdtest holds what the tests of the kernels have in common.
package simdtest

import (
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/cpu"
	"goomtrain/internal/simd/floats"
)

// OnEachPath runs f as a subtest for each set of instructions that this build and machine have.
func OnEachPath(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	cpu.EachPath(func(name string) { t.Run(name, f) })
}

// Rounds returns how often a random test draws: n times, and an eighth of it with -short, for slow builds (race
// detector, emulator).
func Rounds(n int) int {
	if testing.Short() {
		return n / 8
	}
	return n
}

// Integers returns n integers between -4 and 4. Sums of their products are exact in any order, so results
// compare with ==.
func Integers[F floats.Float](r *rand.Rand, n int) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = F(r.IntN(9) - 4)
	}
	return x
}

// Normals returns n numbers from the standard normal distribution, the same for both types.
func Normals[F floats.Float](r *rand.Rand, n int) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = F(float32(r.NormFloat64()))
	}
	return x
}

// Ones returns n ones.
func Ones(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// Widen returns x as float64.
func Widen[F floats.Float](x []F) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i] = float64(x[i])
	}
	return y
}
