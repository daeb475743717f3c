package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestSiLU(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkSiLU[float32](t)
		checkSiLU[float64](t)
	})
}

func checkSiLU[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 61))
	for _, n := range append([]int{1<<16 + 3}, rowLengths...) {
		up, gate, dy := simdtest.Normals[F](r, n), simdtest.Normals[F](r, n), simdtest.Normals[F](r, n)
		for i := range gate {
			gate[i] *= 4
		}
		gate[0] = -100
		gate[n/2] = 100
		want, wantGate, wantUp, ones := make([]float64, n), make([]float64, n), make([]float64, n), make([]F, n)
		wantSiLU, wantX := make([]float64, n), make([]float64, n)
		for i, g := range simdtest.Widen(gate) {
			s, d, u := 1/(1+math.Exp(-g)), float64(dy[i]), float64(up[i])
			slope := s + g*s*(1-s)
			want[i], wantUp[i], wantGate[i] = u*g*s, d*g*s, d*u*slope
			wantSiLU[i], wantX[i], ones[i] = g*s, d*slope, 1
		}
		y, dup, dgate := make([]F, n), make([]F, n), make([]F, n)
		SiLUGate(y, up, gate)
		within(t, "SiLUGate", y, want, tolerance[F]())
		SiLUGateBackward(dup, dgate, dy, up, gate)
		within(t, "dup", dup, wantUp, tolerance[F]())
		within(t, "dgate", dgate, wantGate, tolerance[F]())
		SiLU(y, gate)
		within(t, "SiLU", y, wantSiLU, tolerance[F]())
		SiLUBackward(y, dy, gate)
		within(t, "SiLUBackward", y, wantX, tolerance[F]())

		SiLUBackward(dy, dy, gate) // in place
		alike(t, "SiLUBackward over dy", dy, y)
		inPlace := slices.Clone(gate)
		SiLU(inPlace, inPlace)
		within(t, "SiLU in place", inPlace, wantSiLU, tolerance[F]())
		SiLUGateBackward(dup, dgate, ones, up, gate)
		SiLUGateBackward(up, gate, ones, up, gate)
		alike(t, "dup over up", up, dup)
		alike(t, "dgate over gate", gate, dgate)
	}
}

func TestSiLUPanics(t *testing.T) {
	x := make([]float32, 12)
	testPanics(t, map[string]func(){
		"lengths":                 func() { SiLUGate(x[:3], x[3:6], x[6:8]) },
		"one place for both":      func() { SiLUGateBackward(x[:3], x[:3], x[3:6], x[6:9], x[9:12]) },
		"dx overlaps a source":    func() { SiLUBackward(x[:3], x[1:4], x[6:9]) },
		"dst overlaps the gate":   func() { SiLUGate(x[:3], x[4:7], x[2:5]) },
		"src of another length":   func() { SiLU(x[:3], x[4:8]) },
		"dgate overlaps a source": func() { SiLUGateBackward(x[:3], x[3:6], x[6:9], x[4:7], x[9:12]) },
	})
}
