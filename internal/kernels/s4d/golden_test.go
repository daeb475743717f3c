package s4d

import (
	"math"
	"strings"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestGolden compares with the reference: outputs, states, impulse responses and gradients.
func TestGolden(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testGolden[float64](t, golden.Tolerance, golden.GradTolerance) })
	t.Run("float32", func(t *testing.T) { testGolden[float32](t, golden.Tolerance32, golden.GradTolerance32) })
}

func testGolden[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "s4d")
	for _, c := range golden.Load(t, "s4d") {
		if c.Name == "inits" {
			continue // see TestImaginary
		}
		p := Parameters[F]{LogDt: golden.Convert[F](c.Input("log_dt")), LogAReal: golden.Convert[F](c.Input("log_A_real")), AImag: golden.Convert[F](c.Input("A_imag")),
			C: pairs[F](c.Input("C_re").Data, c.Input("C_im").Data), D: golden.Convert[F](c.Input("D"))}
		channels, modes := c.Input("log_A_real").Shape[0], c.Input("log_A_real").Shape[1]
		if c.Int("T", 0) > 0 {
			testGenerated(t, r, c, p, channels, modes, tolerance)
			continue
		}
		in := c.Input("u")
		batch, time := in.Shape[0], in.Shape[1]
		u, carry := golden.Convert[F](in), NewCarry[F](batch, channels, modes)
		if c.Has("inputs", "state_re") {
			copy(carry.state, pairs[F](c.Input("state_re").Data, c.Input("state_im").Data))
		}
		k, y := New[F](batch, time, channels, modes), kerneltest.Poisoned[F](len(u))
		k.Forward(y, u, p, carry)
		r.Forward(t, c, "y", kerneltest.Widen(y), tolerance)
		re, im := unpaired(carry.state)
		r.Forward(t, c, "final_re", re, tolerance)
		r.Forward(t, c, "final_im", im, tolerance)
		if n := c.Int("kernel", 0); n > 0 {
			r.Forward(t, c, "kernel", impulse(p, channels, modes, n), tolerance)
		}

		dEnd := make([]F, len(carry.state))
		if c.Has("cotangents", "final_re") {
			dEnd = pairs[F](c.Cotangent("final_re").Data, c.Cotangent("final_im").Data)
		}
		dp, du, dStart := poisoned[F](p), kerneltest.Poisoned[F](len(u)), kerneltest.Poisoned[F](len(dEnd))
		k.Backward(dp, du, dStart, u, golden.Convert[F](c.Cotangent("y")), dEnd)
		got := map[string][]float64{"u": kerneltest.Widen(du), "log_dt": kerneltest.Widen(dp.LogDt), "log_A_real": kerneltest.Widen(dp.LogAReal),
			"A_imag": kerneltest.Widen(dp.AImag), "D": kerneltest.Widen(dp.D)}
		got["C_re"], got["C_im"] = unpaired(dp.C)
		got["state_re"], got["state_im"] = unpaired(dStart)
		for name, g := range got {
			r.Gradient(t, c, name, g, gradTolerance)
		}
	}
}

// pairs joins real and imaginary parts.
func pairs[F simd.Float](re, im []float64) (x []F) {
	for i := range re {
		x = append(x, F(re[i]), F(im[i]))
	}
	return x
}

func unpaired[F simd.Float](x []F) (re, im []float64) {
	for i := 0; i < len(x); i += 2 {
		re, im = append(re, float64(x[i])), append(im, float64(x[i+1]))
	}
	return re, im
}

// poisoned returns memory for the gradients of p.
func poisoned[F simd.Float](p Parameters[F]) Parameters[F] {
	return Parameters[F]{kerneltest.Poisoned[F](len(p.LogDt)), kerneltest.Poisoned[F](len(p.LogAReal)), kerneltest.Poisoned[F](len(p.AImag)),
		kerneltest.Poisoned[F](len(p.C)), kerneltest.Poisoned[F](len(p.D))}
}

// impulse returns the first n numbers of each channel's answer to a one, without D.
func impulse[F simd.Float](p Parameters[F], channels, modes, n int) []float64 {
	u, y, response := make([]F, n*channels), make([]F, n*channels), make([]float64, n*channels)
	for i := range channels {
		u[i] = 1
	}
	p.D = make([]F, channels)
	New[F](1, n, channels, modes).Forward(y, u, p, nil)
	for i, v := range y {
		response[i%channels*n+i/channels] = float64(v)
	}
	return response
}

// testGenerated is a long case whose inputs come from a generator, compared at some positions.
func testGenerated[F simd.Float](t *testing.T, r *golden.Recorder, c golden.Case, p Parameters[F], channels, modes int, tolerance float64) {
	time, steps := c.Int("T", 0), c.Floats("steps_zero_based")
	u, state := make([]F, time*channels), c.Seed
	for i := range u { // splitmix64
		state += 0x9E3779B97F4A7C15
		z := state
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		u[i] = F(float64(z>>11)*0x1p-53*2 - 1)
	}
	carry, y := NewCarry[F](1, channels, modes), kerneltest.Poisoned[F](len(u))
	New[F](1, time, channels, modes).Forward(y, u, p, carry)
	var picked []float64
	for _, s := range steps {
		picked = append(picked, kerneltest.Widen(y[int(s)*channels:(int(s)+1)*channels])...)
	}
	r.Forward(t, c, "y", picked, tolerance)
	re, im := unpaired(carry.state)
	r.Forward(t, c, "final_re", re, tolerance)
	r.Forward(t, c, "final_im", im, tolerance)
	all := impulse(p, channels, modes, time)
	picked = nil
	for h := range channels {
		for _, s := range steps {
			picked = append(picked, all[h*time+int(s)])
		}
	}
	r.Forward(t, c, "kernel", picked, tolerance)
}

// TestImaginary compares the initial values with those of the reference, and with known ones.
func TestImaginary(t *testing.T) {
	r := golden.NewRecorder(t, "s4d")
	for _, c := range golden.Load(t, "s4d") {
		if c.Name != "inits" {
			continue
		}
		for name, modes := range map[string]int{"legs_2": 1, "legs_4": 2, "legs_8": 4, "legs_16": 8, "legs_64": 32} {
			got, err := Imaginary("legs", modes)
			if err != nil {
				t.Fatal(err)
			}
			r.Forward(t, c, name, got, golden.ElementwiseTolerance)
		}
	}
	lin, err := Imaginary("lin", 3)
	if err != nil {
		t.Fatal(err)
	}
	kerneltest.Near(t, "lin", lin, []float64{0, math.Pi, 2 * math.Pi}, 1e-15)
	inv, err := Imaginary("inv", 2)
	if err != nil {
		t.Fatal(err)
	}
	kerneltest.Near(t, "inv", inv, []float64{12 / math.Pi, 4 / (3 * math.Pi)}, 1e-15)
	for kind, modes := range map[string]int{"cosine": 2, "lin": 0} {
		if _, err := Imaginary(kind, modes); err == nil || !strings.HasPrefix(err.Error(), "s4d: ") {
			t.Errorf("%d modes of %s: %v, want an error", modes, kind, err)
		}
	}
}
