package logattention

import (
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
)

// TestGolden compares with the reference of the paper: outputs, states, gradients, and sequences in two
// calls, of which the second is differentiated.
func TestGolden(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testGolden[float64](t, golden.Tolerance, golden.GradTolerance) })
	t.Run("float32", func(t *testing.T) { testGolden[float32](t, golden.Tolerance32, golden.GradTolerance32) })
}

func testGolden[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "log_attention")
	for _, c := range golden.Load(t, "log_attention") {
		var carry *Carry
		parts := []string{""}
		if c.Has("inputs", "Q1") {
			parts = []string{"1", "2"}
		}
		for _, part := range parts {
			q, k, v := c.Input("Q"+part), c.Input("K"+part), c.Input("log_V"+part)
			n := len(q.Shape)
			size := multihead.Size{Queries: q.Shape[n-2], Keys: k.Shape[n-2], Heads: 1, DKey: q.Shape[n-1], DValue: v.Shape[n-1], Causal: c.Bool("causal", false)}
			size.Batch = len(q.Data) / (size.Queries * size.DKey)
			packed := func(x golden.Tensor) multihead.Rows[F] {
				return multihead.Packed(golden.Convert[F](x), 1, x.Shape[len(x.Shape)-1])
			}
			x := Operands[F]{Q: packed(q), K: packed(k), V: packed(v)}
			if carry == nil {
				carry = NewCarry(size.Batch, 1, size.DKey, size.DValue, false)
			}
			y := multihead.Packed(kerneltest.Poisoned[F](size.Batch*size.Queries*size.DValue), 1, size.DValue)
			kernel := New[F](size, false)
			kernel.WantGradients()
			kernel.Forward(y, multihead.Rows[F]{}, x, carry)
			r.Forward(t, c, "y"+part, kerneltest.Widen(y.Data), tolerance)
			if part == "1" {
				continue
			}
			if c.Has("outputs", "prev_H_S") {
				var s, z []float64
				for i, l := range carry.logs {
					if i%(size.DValue+1) == size.DValue {
						z = append(z, l)
					} else {
						s = append(s, l)
					}
				}
				r.Forward(t, c, "prev_H_S", s, tolerance)
				r.Forward(t, c, "prev_H_Z", z, tolerance)
			}
			d := Operands[F]{Q: multihead.Packed(kerneltest.Poisoned[F](len(q.Data)), 1, size.DKey),
				K: multihead.Packed(kerneltest.Poisoned[F](len(k.Data)), 1, size.DKey), V: multihead.Packed(kerneltest.Poisoned[F](len(v.Data)), 1, size.DValue)}
			kernel.Backward(d, x, packed(c.Cotangent("y"+part)), nil, nil)
			for name, got := range map[string][]F{"Q": d.Q.Data, "K": d.K.Data, "log_V": d.V.Data} {
				if want, ok := c.WantGrad(name + part); ok {
					// relative to cotangents, about 1: with one channel the gradient of Q is nothing but rounding
					err := golden.MaxRelErr(append(got, 1), append(want.Data, 1))
					r.GradientError(t, c, name+part, err, gradTolerance)
				}
			}
		}
	}
}
