package gla

import (
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestGolden compares with vectors in arithmetic of many digits: outputs, last states and all gradients.
func TestGolden(t *testing.T) {
	testGolden[float64](t, golden.Tolerance, golden.GradTolerance)
}

// TestGolden32 is the same in float32.
func TestGolden32(t *testing.T) {
	testGolden[float32](t, golden.Tolerance32, golden.GradTolerance32)
}

func testGolden[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	for _, op := range []string{"gla", "simple_gla"} {
		r := golden.NewRecorder(t, op)
		for _, c := range golden.Load(t, op) {
			goldenCase[F](t, r, c, tolerance, gradTolerance)
		}
	}
}

func goldenCase[F simd.Float](t *testing.T, r *golden.Recorder, c golden.Case, tolerance, gradTolerance float64) {
	shape, decay := c.Input("q").Shape, map[string]Decay{"gk": PerChannel, "g": PerHead, "g_gamma": Fixed}
	size := Size{Batch: shape[0], Time: shape[1], Heads: shape[2], DKey: shape[3], DValue: c.Input("v").Shape[3], Scale: c.Float("scale", 0)}
	a := Naive{Q: c.Input("q").Data, K: c.Input("k").Data, V: c.Input("v").Data}
	gates := ""
	for name, kind := range decay {
		if c.Has("inputs", name) {
			gates, size.Decay, a.G = name, kind, c.Input(name).Data
		}
	}
	if gates == "" { // no decay at all
		size.Decay, a.G = Fixed, make([]float64, size.Heads)
	}
	a.Size = size
	if c.Has("inputs", "initial_state") {
		a.Start = c.Input("initial_state").Data
	}
	do, dEnd := make([]float64, len(a.V)), make([]float64, size.Batch*size.Heads*size.DKey*size.DValue)
	if c.Has("cotangents", "o") {
		do = c.Cotangent("o").Data
	}
	if c.Has("cotangents", "final_state") {
		dEnd = c.Cotangent("final_state").Data
	}
	got := run[F](a, do, dEnd)
	r.Forward(t, c, "o", kerneltest.Widen(got["o"]), tolerance)
	r.Forward(t, c, "final_state", kerneltest.Widen(got["end"]), tolerance)
	for name, of := range map[string]string{"q": "dq", "k": "dk", "v": "dv", "g": "dg", "gk": "dg", "initial_state": "dStart"} {
		if c.Has("grads", name) {
			r.Gradient(t, c, name, kerneltest.Widen(got[of]), gradTolerance)
		}
	}
}
