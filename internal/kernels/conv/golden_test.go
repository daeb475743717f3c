package conv

import (
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestGolden compares with the reference: outputs, the state after them, and gradients.
func TestGolden(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testGolden[float64](t, golden.Tolerance, golden.GradTolerance) })
	t.Run("float32", func(t *testing.T) { testGolden[float32](t, golden.Tolerance32, golden.GradTolerance32) })
}

func testGolden[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "short_conv")
	for _, c := range golden.Load(t, "short_conv") {
		in := c.Input("x")
		batch, time, channels, width := in.Shape[0], in.Shape[1], in.Shape[2], c.Input("weight").Shape[1]
		silu := c.String("activation", "") == "silu"
		x, w := golden.Convert[F](in), golden.Convert[F](c.Input("weight"))
		var bias []F
		if c.Has("inputs", "bias") {
			bias = golden.Convert[F](c.Input("bias"))
		}
		carry, before := NewCarry[F](batch, channels, width), make([]F, batch*channels*width)
		if c.Has("inputs", "initial_state") {
			before = golden.Convert[F](c.Input("initial_state"))
		}
		copy(carry.last, before)
		y := kerneltest.Poisoned[F](len(x))
		New[F](batch, time, channels, width, silu).Forward(y, x, w, bias, carry)
		if c.Has("inputs", "residual") { // which a layer adds
			simd.Add(y, y, golden.Convert[F](c.Input("residual")))
		}
		r.Forward(t, c, "y", kerneltest.Widen(y), tolerance)
		r.Forward(t, c, "final_state", kerneltest.Widen(carry.last), tolerance)

		// The gradient of the state too: it is W inputs before the others.
		dy, dlast := make([]F, len(x)), make([]F, len(before))
		if c.Has("cotangents", "y") {
			dy = golden.Convert[F](c.Cotangent("y"))
		}
		if c.Has("cotangents", "final_state") {
			dlast = golden.Convert[F](c.Cotangent("final_state"))
		}
		n := (time + width) * channels
		long, dlong := make([]F, batch*n), make([]F, batch*n)
		for b := range batch {
			for i := range width * channels {
				long[b*n+i] = before[(b*channels+i%channels)*width+i/channels]
			}
			copy(long[b*n+width*channels:(b+1)*n], x[b*time*channels:])
			copy(dlong[b*n+width*channels:(b+1)*n], dy[b*time*channels:])
		}
		k, ylong, dxlong := New[F](batch, time+width, channels, width, silu), make([]F, len(long)), make([]F, len(long))
		dw, dbias := make([]F, len(w)), make([]F, len(bias))
		k.Forward(ylong, long, w, bias, nil)
		k.Backward(dxlong, dw, dbias, long, w, bias, dlong)
		dbefore, dx := make([]F, len(before)), make([]F, 0, len(x))
		for b := range batch {
			for i := range width * channels {
				at := (b*channels+i%channels)*width + i/channels
				dxlong[b*n+time*channels+i] += dlast[at]
			}
			for i := range width * channels {
				dbefore[(b*channels+i%channels)*width+i/channels] = dxlong[b*n+i]
			}
			dx = append(dx, dxlong[b*n+width*channels:(b+1)*n]...)
		}
		for name, got := range map[string][]F{"x": dx, "weight": dw, "bias": dbias, "initial_state": dbefore, "residual": dy} {
			r.Gradient(t, c, name, kerneltest.Widen(got), gradTolerance)
		}
	}
}
