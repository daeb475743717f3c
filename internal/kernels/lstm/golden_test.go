package lstm

import (
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// TestGolden compares a whole layer with PyTorch's nn.LSTM: outputs, the last state, and gradients.
func TestGolden(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testGolden[float64](t, golden.Tolerance, golden.GradTolerance) })
	t.Run("float32", func(t *testing.T) { testGolden[float32](t, golden.Tolerance32, golden.GradTolerance32) })
}

func testGolden[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "lstm")
	for _, c := range golden.Load(t, "lstm") {
		in := c.Input("x")
		batch, time, inputs, width := in.Shape[0], in.Shape[1], in.Shape[2], c.Input("weight_hh_l0").Shape[1]
		rows := batch * time
		x, wIn, w := golden.Convert[F](in), golden.Convert[F](c.Input("weight_ih_l0")), golden.Convert[F](c.Input("weight_hh_l0"))
		bIn, bias := golden.Convert[F](c.Input("bias_ih_l0")), golden.Convert[F](c.Input("bias_hh_l0"))
		carry := NewCarry[F](batch, width)
		if c.Has("inputs", "h0") {
			copy(carry.h, golden.Convert[F](c.Input("h0")))
			copy(carry.c, golden.Convert[F](c.Input("c0")))
		}
		u, h := make([]F, rows*4*width), kerneltest.Poisoned[F](rows*width)
		matmul.WithBias(false, true, rows, 4*width, inputs, 1, x, inputs, wIn, inputs, bIn, u, 4*width)
		k := New[F](batch, time, width)
		k.Forward(h, u, w, bias, nil, carry)
		r.Forward(t, c, "y", kerneltest.Widen(h), tolerance)
		r.Forward(t, c, "h", kerneltest.Widen(carry.h), tolerance)
		r.Forward(t, c, "c", kerneltest.Widen(carry.c), tolerance)

		du, dw, dbias := make([]F, len(u)), make([]F, len(w)), make([]F, len(bias))
		k.Backward(du, dw, dbias, w, golden.Convert[F](c.Cotangent("y")))
		dx, dwIn := make([]F, len(x)), make([]F, len(wIn))
		matmul.Gemm(false, false, rows, inputs, 4*width, 1, du, 4*width, wIn, inputs, 0, dx, inputs)
		matmul.Gemm(true, false, 4*width, inputs, rows, 1, du, 4*width, x, inputs, 0, dwIn, inputs)
		for name, grad := range map[string][]F{"x": dx, "weight_ih_l0": dwIn, "weight_hh_l0": dw, "bias_ih_l0": dbias, "bias_hh_l0": dbias} {
			r.Gradient(t, c, name, kerneltest.Widen(grad), gradTolerance)
		}
	}
}
