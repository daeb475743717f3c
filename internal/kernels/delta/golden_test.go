package delta

import (
	"math"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestGolden compares outputs, states and gradients with the reference, in one run and in two parts.
func TestGolden(t *testing.T) {
	kerneltest.Both(t, func(t *testing.T) { testGolden[float32](t, golden.Tolerance32, golden.GradTolerance32) },
		func(t *testing.T) { testGolden[float64](t, golden.Tolerance, golden.GradTolerance) })
}

func testGolden[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	for _, op := range []string{"delta_rule", "gated_delta_rule", "delta_product"} {
		t.Run(op, func(t *testing.T) {
			r := golden.NewRecorder(t, op)
			for _, c := range golden.Load(t, op) {
				n, back := goldenCase(c)
				do, dlast := cotangent(c, "o"), cotangent(c, "final_state")
				if do == nil {
					do = make([]float64, len(c.Tensor("outputs", "o").Data))
				}
				k := New[F](n.B, n.T, n.Sizes)
				got := run(k, n, do, dlast)
				r.Forward(t, c, "o", kerneltest.Widen(got["o"]), tolerance)
				r.Forward(t, c, "final_state", kerneltest.Widen(got["last"]), tolerance)
				goldenStates[F](t, r, c, n, tolerance)
				for _, name := range c.Names("grads") {
					goldenGradient(t, r, c, name, back(name, kerneltest.Widen(got[gradients[name]])), gradTolerance)
				}
			}
		})
	}
}

// gradients are the names of results by the names of inputs.
var gradients = map[string]string{"q": "dq", "k": "dk", "v": "dv", "beta": "dbeta", "g": "dg", "initial_state": "dfirst"}

func cotangent(c golden.Case, name string) []float64 {
	if c.Has("cotangents", name) {
		return c.Cotangent(name).Data
	}
	return nil
}

// goldenCase returns the problem of a case, and a function that takes gradients of normed queries and keys to those of
// the inputs.
func goldenCase(c golden.Case) (n Naive, back func(name string, grad []float64) []float64) {
	q, v := c.Input("q").Shape, c.Input("v").Shape
	n = Naive{B: q[0], T: q[1], Sizes: Sizes{KeyHeads: q[2], ValueHeads: q[2], DKey: q[3], DValue: v[3], Steps: v[1] / q[1], Scale: c.Float("scale", 0)},
		X: Operands[float64]{Q: c.Input("q").Data, K: c.Input("k").Data, V: c.Input("v").Data, Beta: c.Input("beta").Data}}
	if c.Has("inputs", "g") {
		n.X.G = c.Input("g").Data
	}
	if c.Has("inputs", "initial_state") {
		n.Start = c.Input("initial_state").Data
	}
	if !c.Bool("l2norm", false) {
		return n, func(_ string, grad []float64) []float64 { return grad }
	}
	inputs, eps := map[string][]float64{"q": n.X.Q, "k": n.X.K}, c.Float("l2_eps", 0)
	n.X.Q, n.X.K = normed(n.X.Q, n.DKey, eps), normed(n.X.K, n.DKey, eps)
	return n, func(name string, grad []float64) []float64 {
		if x := inputs[name]; x != nil {
			return normedGradient(x, grad, n.DKey, eps)
		}
		return grad
	}
}

// normed returns x / sqrt(sum x^2 + eps) of rows of that width.
func normed(x []float64, width int, eps float64) (y []float64) {
	for ; len(x) > 0; x = x[width:] {
		length := math.Sqrt(kerneltest.Dot(x[:width], x[:width]) + eps)
		for _, v := range x[:width] {
			y = append(y, v/length)
		}
	}
	return y
}

func normedGradient(x, dy []float64, width int, eps float64) (dx []float64) {
	for ; len(x) > 0; x, dy = x[width:], dy[width:] {
		square := kerneltest.Dot(x[:width], x[:width]) + eps
		dot := kerneltest.Dot(x[:width], dy[:width])
		for i, v := range x[:width] {
			dx = append(dx, (dy[i]-v*dot/square)/math.Sqrt(square))
		}
	}
	return dx
}

// goldenStates compares the states in the middle, and what comes after them.
func goldenStates[F simd.Float](t *testing.T, r *golden.Recorder, c golden.Case, n Naive, tolerance float64) {
	var states []float64
	for _, cut := range c.Floats("state_at") {
		carry := NewCarry[F](n.B, n.Sizes)
		copy(carry.state, kerneltest.Narrow[F](n.Start))
		at, x := int(cut), narrow[F](n.X)
		whole := make([][]float64, n.B)
		for i, span := range [][2]int{{0, at}, {at, n.T}} {
			if span[0] < span[1] {
				length := span[1] - span[0]
				o := kerneltest.Poisoned[F](n.B * length * n.ValueHeads * n.DValue)
				New[F](n.B, length, n.Sizes).Forward(o, positions(x, n.B, n.T, span[0], span[1]), carry)
				for b := range n.B {
					whole[b] = append(whole[b], kerneltest.Widen(o[b*len(o)/n.B:(b+1)*len(o)/n.B])...)
				}
			}
			if i == 0 {
				states = append(states, kerneltest.Widen(carry.state)...)
			}
		}
		var o []float64
		for _, part := range whole {
			o = append(o, part...)
		}
		r.Forward(t, c, "o", o, tolerance)
	}
	if states != nil {
		r.Forward(t, c, "states", states, tolerance)
	}
}

// goldenGradient compares a gradient relative to its largest entry, or to a thousandth of the largest entry of all gradients
// if that is more: some are 0 but for rounding.
func goldenGradient(t *testing.T, r *golden.Recorder, c golden.Case, name string, got []float64, tolerance float64) {
	want, ok := c.WantGrad(name)
	if !ok {
		return
	}
	scale, worst := kerneltest.Largest(want.Data), 0.0
	for _, of := range c.Names("grads") {
		scale = max(scale, 1e-3*kerneltest.Largest(c.Tensor("grads", of).Data))
	}
	for i, w := range want.Data {
		if e := math.Abs(got[i]-w) / scale; !(e <= worst) {
			worst = e
		}
	}
	r.GradientError(t, c, name, worst, tolerance)
}
