package kernels

import (
	"fmt"
	"goomtrain/internal/kernels/dense"
	"goomtrain/internal/kernels/kerneltest"
	"testing"
)

// TestLayerNorm compares with the host's kernel in float64, also far from 0.
func TestLayerNorm(t *testing.T) {
	for _, size := range append(rowSizes, [2]int{1500, 4}) {
		for _, shift := range []float32{0, 100} {
			rows, width := size[0], size[1]
			n := rows * width
			x, weight, bias, dy := normal(1, n), normal(2, width), normal(3, width), normal(4, n)
			for i := range x {
				x[i] += shift
			}
			b := newBench(t)
			k, px, pw := NewLayerNorm(b.Scope, rows, width), put(b, x), put(b, weight)
			y, dx, dw, db := room(b, n), room(b, n), room(b, width), room(b, width)
			k.Forward(y, px, pw, put(b, bias))
			k.Backward(dx, dw, db, px, pw, put(b, dy))
			h := dense.NewLayerNorm[float64](rows, width)
			wantY, wantX, wantW, wantB := make([]float64, n), make([]float64, n), make([]float64, width), make([]float64, width)
			h.Forward(wantY, wide(x), wide(weight), wide(bias))
			h.Backward(wantX, wantW, wantB, wide(x), wide(weight), wide(dy))
			tolerance := 5e-7
			if shift > 0 {
				tolerance = 3e-5 // what the mean takes of the digits of x
			}
			name := fmt.Sprint(size, shift)
			near(t, "y "+name, get[float32](b, y, n), wantY, tolerance)
			if width > 2 { // of one or two numbers the gradient is 0 but for the eps
				near(t, "dx "+name, get[float32](b, dx, n), wantX, 5*tolerance)
			}
			if width > 1 {
				near(t, "dweight "+name, get[float32](b, dw, width), wantW, 2*tolerance)
			}
			near(t, "dbias "+name, get[float32](b, db, width), wantB, 1e-6)
		}
	}
}

// extremeScales are magnitudes of rows whose squares are denormal, vanish beside the eps, or leave the range of float32.
var extremeScales = []float32{1e-38, 1e-30, 1e-20, 1e-3, 1e18, 1e20, 1e37}

// TestLayerNormExtremes: rows of any magnitude give what the host's kernel in float32 gives.
func TestLayerNormExtremes(t *testing.T) {
	for _, scale := range extremeScales {
		const width = 12
		x, weight, bias, dy := normal(1, width), normal(2, width), normal(3, width), normal(4, width)
		for i := range x {
			x[i] *= scale
		}
		b := newBench(t)
		k, px, pw := NewLayerNorm(b.Scope, 1, width), put(b, x), put(b, weight)
		y, dx, dw, db := room(b, width), room(b, width), room(b, width), room(b, width)
		k.Forward(y, px, pw, put(b, bias))
		k.Backward(dx, dw, db, px, pw, put(b, dy))
		wantY, wantX, wantW, wantB := make([]float32, width), make([]float32, width), make([]float32, width), make([]float32, width)
		h := dense.NewLayerNorm[float32](1, width)
		h.Forward(wantY, x, weight, bias)
		h.Backward(wantX, wantW, wantB, x, weight, dy)
		near(t, fmt.Sprint("y ", scale), get[float32](b, y, width), wide(wantY), 1e-6)
		near(t, fmt.Sprint("dx ", scale), get[float32](b, dx, width), wide(wantX), 1e-5)
		near(t, fmt.Sprint("dweight ", scale), get[float32](b, dw, width), wide(wantW), 1e-5)
		near(t, fmt.Sprint("dbias ", scale), get[float32](b, db, width), wide(wantB), 1e-7)
	}
}

// TestLayerNormSpreadsNaN: what depends on a NaN is NaN.
func TestLayerNormSpreadsNaN(t *testing.T) {
	const rows, width = 3, 10
	x, weight, bias, dy := normal(1, rows*width), normal(2, width), normal(3, width), normal(4, rows*width)
	b := newBench(t)
	k := NewLayerNorm(b.Scope, rows, width)
	kerneltest.SpreadsNaN(t, map[string][]float32{"x": x, "weight": weight, "bias": bias, "dy": dy}, func() map[string][]float32 {
		px, pw := put(b, x), put(b, weight)
		y, dx, dw, db := room(b, rows*width), room(b, rows*width), room(b, width), room(b, width)
		k.Forward(y, px, pw, put(b, bias))
		k.Backward(dx, dw, db, px, pw, put(b, dy))
		return map[string][]float32{"y": get[float32](b, y, rows*width), "dx": get[float32](b, dx, rows*width),
			"dweight": get[float32](b, dw, width), "dbias": get[float32](b, db, width)}
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
}
