package dense

import (
	"fmt"
	"slices"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestSpreadsNaN: what depends on a NaN is NaN.
func TestSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testSpreadsNaN[float32], testSpreadsNaN[float64])
}

func testSpreadsNaN[F simd.Float](t *testing.T) {
	const rows, width, half = 3, 10, 5
	x, dy, dHalf := kerneltest.Normal[F]("x", rows*width), kerneltest.Normal[F]("dy", rows*width), kerneltest.Normal[F]("half", rows*half)
	weight, bias := kerneltest.Normal[F]("weight", width), kerneltest.Normal[F]("bias", width)

	t.Run("GELU", func(t *testing.T) {
		k, y, dx := NewGELU[F](rows*width), make([]F, len(x)), make([]F, len(x))
		kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "dy": dy}, func() map[string][]F {
			k.Forward(y, x)
			k.Backward(dx, x, dy)
			return map[string][]F{"y": y, "dx": dx}
		}, func(out string, o int, in string, i int) bool { return o == i && (out == "dx" || in == "x") })
	})
	t.Run("LayerNorm", func(t *testing.T) {
		k, y, dx, dw, db := NewLayerNorm[F](rows, width), make([]F, len(x)), make([]F, len(x)), make([]F, width), make([]F, width)
		kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "weight": weight, "bias": bias, "dy": dy}, func() map[string][]F {
			k.Forward(y, x, weight, bias)
			k.Backward(dx, dw, db, x, weight, dy)
			return map[string][]F{"y": y, "dx": dx, "dweight": dw, "dbias": db}
		}, func(out string, o int, in string, i int) bool {
			switch out + " " + in {
			case "y x", "dx x", "dx dy":
				return o/width == i/width
			case "y weight", "y bias":
				return o%width == i
			case "dweight dy", "dbias dy":
				return o == i%width
			}
			return out+" "+in == "dx weight" || out+" "+in == "dweight x"
		})
	})
	for _, gate := range [][]F{nil, kerneltest.Normal[F]("gate", rows*width)} {
		t.Run(fmt.Sprint("RMSNorm, gated ", gate != nil), func(t *testing.T) {
			k, y, dx, dgate, dw := NewRMSNorm[F](rows, width, 1e-5), make([]F, len(x)), make([]F, len(x)), make([]F, len(gate)), make([]F, width)
			kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "gate": gate, "weight": weight, "dy": dy}, func() map[string][]F {
				k.Forward(y, x, gate, weight)
				k.Backward(dx, dgate, dw, x, gate, weight, dy)
				return map[string][]F{"y": y, "dx": dx, "dgate": dgate, "dweight": dw}
			}, func(out string, o int, in string, i int) bool {
				switch out + " " + in {
				case "y x", "dx x", "dx dy", "dx gate", "dgate x":
					return o/width == i/width
				case "y gate", "dgate gate", "dgate dy":
					return o == i
				case "y weight", "dgate weight":
					return o%width == i
				case "dweight dy", "dweight gate":
					return o == i%width
				}
				return out+" "+in == "dx weight" || out+" "+in == "dweight x"
			})
		})
	}
	t.Run("L2Norm", func(t *testing.T) {
		k, y, dx := NewL2Norm[F](rows, width), make([]F, len(x)), make([]F, len(x))
		kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "dy": dy}, func() map[string][]F {
			k.Forward(y, x)
			k.Backward(dx, x, dy)
			return map[string][]F{"y": y, "dx": dx}
		}, func(out string, o int, in string, i int) bool { return o/width == i/width && out+in != "ydy" })
	})
	for name, k := range map[string]gate[F]{"SiLU": NewSiLU[F](len(x)), "Sigmoid": NewSigmoid[F](len(x), 2), "LogSigmoid": NewLogSigmoid[F](len(x), 0.5)} {
		t.Run(name, func(t *testing.T) {
			y, dx := make([]F, len(x)), make([]F, len(x))
			kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "dy": dy}, func() map[string][]F {
				k.Forward(y, x)
				k.Backward(dx, x, dy)
				return map[string][]F{"y": y, "dx": dx}
			}, func(out string, o int, in string, i int) bool { return o == i && out+in != "ydy" })
		})
	}
	t.Run("GatedSiLU", func(t *testing.T) {
		k, up, y, dgate, dup := NewGatedSiLU[F](len(x)), kerneltest.Normal[F]("up", len(x)), make([]F, len(x)), make([]F, len(x)), make([]F, len(x))
		kerneltest.SpreadsNaN(t, map[string][]F{"gate": x, "up": up, "dy": dy}, func() map[string][]F {
			k.Forward(y, x, up)
			k.Backward(dgate, dup, x, up, dy)
			return map[string][]F{"y": y, "dgate": dgate, "dup": dup}
		}, func(out string, o int, in string, i int) bool { return o == i && out+in != "ydy" && out+in != "dupup" })
	})
	t.Run("SoftplusDecay", func(t *testing.T) {
		k, y, dx, daLog, db := NewSoftplusDecay[F](rows, width), make([]F, len(x)), make([]F, len(x)), make([]F, width), make([]F, width)
		kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "aLog": weight, "bias": bias, "dy": dy}, func() map[string][]F {
			k.Forward(y, x, weight, bias)
			k.Backward(dx, daLog, db, x, bias, y, dy)
			return map[string][]F{"y": y, "dx": dx, "daLog": daLog, "dbias": db}
		}, func(out string, o int, in string, i int) bool {
			if in == "aLog" || in == "bias" || out == "daLog" || out == "dbias" {
				return o%width == i%width && out+in != "ydy"
			}
			return o == i && out+in != "ydy"
		})
	})
	for name, gate := range map[string]interface {
		Forward(y, x []F)
		Backward(dx, x, dy []F)
	}{"GLU": NewGLU[F](rows, half), "SwiGLU": NewSwiGLU[F](rows, half)} {
		t.Run(name, func(t *testing.T) {
			y, dx := make([]F, rows*half), make([]F, len(x))
			kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "dy": dHalf}, func() map[string][]F {
				gate.Forward(y, x)
				gate.Backward(dx, x, dHalf)
				return map[string][]F{"y": y, "dx": dx}
			}, func(out string, o int, in string, i int) bool {
				switch out + " " + in {
				case "y x":
					return o/half == i/width && o%half == i%half
				case "dx dy":
					return o/width == i/half && o%half == i%half
				case "dx x": // the gradient of one factor is the other
					return o/width == i/width && o%half == i%half && o != i
				}
				return false
			})
		})
	}
	for _, gradients := range []bool{false, true} {
		t.Run(fmt.Sprint("Head, gradients ", gradients), func(t *testing.T) {
			const vocab = 7
			w, dw := kerneltest.Normal[F]("w", vocab*width), make([]F, vocab*width)
			k := NewHead[F](rows, width, vocab)
			if gradients {
				k.WantGradients(dw)
			}
			kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "w": w}, func() map[string][]F {
				out := map[string][]F{"loss": {k.Forward(x, w, []int32{0, 6, 3}, 0.2)}, "stats": {F(k.Stats(1).Loss)}}
				if gradients {
					dx := make([]F, len(x))
					k.Backward(dx, 1)
					out["dx"], out["dw"] = dx, slices.Clone(dw)
				}
				return out
			}, func(out string, o int, in string, i int) bool { return out != "dx" || in == "w" || o/width == i/width })
		})
	}
}
