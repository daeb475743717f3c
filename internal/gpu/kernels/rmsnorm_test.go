package kernels

import (
	"fmt"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/kernels/dense"
	"goomtrain/internal/kernels/kerneltest"
)

// TestRMSNorm compares with the host's kernel in float64, with and without a gate.
func TestRMSNorm(t *testing.T) {
	for _, size := range append(rowSizes, [2]int{1500, 4}, [2]int{130, 16}) {
		for _, gated := range []bool{false, true} {
			rows, width := size[0], size[1]
			n := rows * width
			x, weight, dy := normal(1, n), normal(2, width), normal(3, n)
			var gate []float32
			var pg, dgate gpu.Ptr
			b := newBench(t)
			if gated {
				gate = normal(4, n)
				pg, dgate = put(b, gate), room(b, n)
			}
			k, px, pw := NewRMSNorm(b.Scope, rows, width, 1e-5), put(b, x), put(b, weight)
			y, dx, dw := room(b, n), room(b, n), room(b, width)
			k.Forward(y, px, pg, pw)
			k.Backward(dx, dgate, dw, px, pg, pw, put(b, dy))
			h := dense.NewRMSNorm[float64](rows, width, 1e-5)
			wantY, wantX, wantG, wantW := make([]float64, n), make([]float64, n), make([]float64, len(gate)), make([]float64, width)
			wideGate := wide(gate)
			if !gated {
				wideGate = nil
			}
			h.Forward(wantY, wide(x), wideGate, wide(weight))
			h.Backward(wantX, wantG, wantW, wide(x), wideGate, wide(weight), wide(dy))
			name := fmt.Sprint(size, gated)
			near(t, "y "+name, get[float32](b, y, n), wantY, 3e-7)
			if width > 1 { // of one number the gradient is 0 but for the eps
				near(t, "dx "+name, get[float32](b, dx, n), wantX, 2e-6)
			}
			near(t, "dweight "+name, get[float32](b, dw, width), wantW, 1e-6)
			if gated {
				near(t, "dgate "+name, get[float32](b, dgate, n), wantG, 5e-7)
			}
		}
	}
}

// TestRMSNormExtremes: rows of any magnitude give what the host's kernel in float32 gives.
func TestRMSNormExtremes(t *testing.T) {
	for _, scale := range extremeScales {
		const width = 12
		x, weight, dy := normal(1, width), normal(2, width), normal(3, width)
		for i := range x {
			x[i] *= scale
		}
		b := newBench(t)
		k, px, pw, y, dx, dw := NewRMSNorm(b.Scope, 1, width, 1e-6), put(b, x), put(b, weight), room(b, width), room(b, width), room(b, width)
		k.Forward(y, px, 0, pw)
		k.Backward(dx, 0, dw, px, 0, pw, put(b, dy))
		wantY, wantX, wantW := make([]float32, width), make([]float32, width), make([]float32, width)
		h := dense.NewRMSNorm[float32](1, width, 1e-6)
		h.Forward(wantY, x, nil, weight)
		h.Backward(wantX, nil, wantW, x, nil, weight, dy)
		near(t, fmt.Sprint("y ", scale), get[float32](b, y, width), wide(wantY), 1e-6)
		near(t, fmt.Sprint("dx ", scale), get[float32](b, dx, width), wide(wantX), 1e-5)
		near(t, fmt.Sprint("dweight ", scale), get[float32](b, dw, width), wide(wantW), 1e-6)
	}
}

// TestRMSNormSpreadsNaN: what depends on a NaN is NaN.
func TestRMSNormSpreadsNaN(t *testing.T) {
	const rows, width = 3, 10
	x, gate, weight, dy := normal(1, rows*width), normal(2, rows*width), normal(3, width), normal(4, rows*width)
	b := newBench(t)
	k := NewRMSNorm(b.Scope, rows, width, 1e-5)
	kerneltest.SpreadsNaN(t, map[string][]float32{"x": x, "gate": gate, "weight": weight, "dy": dy}, func() map[string][]float32 {
		px, pg, pw := put(b, x), put(b, gate), put(b, weight)
		y, dx, dgate, dw := room(b, rows*width), room(b, rows*width), room(b, rows*width), room(b, width)
		k.Forward(y, px, pg, pw)
		k.Backward(dx, dgate, dw, px, pg, pw, put(b, dy))
		return map[string][]float32{"y": get[float32](b, y, rows*width), "dx": get[float32](b, dx, rows*width),
			"dgate": get[float32](b, dgate, rows*width), "dweight": get[float32](b, dw, width)}
	}, func(out string, o int, in string, i int) bool {
		switch out + " " + in {
		case "y x", "dx x", "dx dy", "dx gate", "dgate x":
			return o/width == i/width
		case "y gate", "dgate gate", "dgate dy":
			return o == i
		case "y weight", "dgate weight", "dweight dy", "dweight gate":
			return o%width == i%width
		}
		return out+" "+in == "dx weight" || out+" "+in == "dweight x"
	})
}
