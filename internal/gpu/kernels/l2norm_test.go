package kernels

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/dense"
)

// TestL2Norm compares with the host's kernel in float64.
func TestL2Norm(t *testing.T) {
	for _, size := range append(rowSizes, [2]int{1500, 4}, [2]int{130, 16}) {
		rows, width := size[0], size[1]
		n := rows * width
		x, dy := normal(1, n), normal(2, n)
		b := newBench(t)
		k, in, y, dx := NewL2Norm(b.Scope, rows, width), put(b, x), room(b, n), room(b, n)
		k.Forward(y, in)
		k.Backward(dx, in, put(b, dy))
		h, wantY, wantX := dense.NewL2Norm[float64](rows, width), make([]float64, n), make([]float64, n)
		h.Forward(wantY, wide(x))
		h.Backward(wantX, wide(x), wide(dy))
		near(t, fmt.Sprint("y ", size), get[float32](b, y, n), wantY, 3e-7)
		if width > 1 { // of one number the gradient is 0 but for the eps
			near(t, fmt.Sprint("dx ", size), get[float32](b, dx, n), wantX, 2e-6)
		}
	}
}

// TestL2NormExtremes: rows of any magnitude give what the host's kernel in float32 gives; NaN stays in its row.
func TestL2NormExtremes(t *testing.T) {
	const width = 12
	for _, scale := range append(extremeScales, 0, float32(math.NaN())) {
		x, dy := normal(1, 2*width), normal(2, 2*width)
		for i := range x[:width] {
			x[i] *= scale
		}
		b := newBench(t)
		k, in, y, dx := NewL2Norm(b.Scope, 2, width), put(b, x), room(b, 2*width), room(b, 2*width)
		k.Forward(y, in)
		k.Backward(dx, in, put(b, dy))
		h, wantY, wantX := dense.NewL2Norm[float32](2, width), make([]float32, 2*width), make([]float32, 2*width)
		h.Forward(wantY, x)
		h.Backward(wantX, x, dy)
		for name, pair := range map[string][2][]float32{"y": {get[float32](b, y, 2*width), wantY}, "dx": {get[float32](b, dx, 2*width), wantX}} {
			for half := range 2 {
				got, want := pair[0][half*width:][:width], pair[1][half*width:][:width]
				if want[0] != want[0] {
					same(t, name, got, want)
				} else {
					near(t, fmt.Sprint(name, " times ", scale), got, wide(want), 1e-5)
				}
			}
		}
	}
}
