package kernels

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/kernels/dense"
)

// TestLinear compares with the host's kernel in float64, with bias and residual, one of them or none, W as it is and transposed,
// at sizes where inner dimensions have several parts. Products of BF16 show that the precision is that of the scope.
func TestLinear(t *testing.T) {
	for _, size := range []struct {
		rows, in, out int
		precision     gpu.Precision
	}{{1, 1, 1, 0}, {2, 3, 5, 0}, {63, 64, 65, 0}, {70, 17, 129, 0}, {700, 5, 3, 0}, {3, 520, 4, 0}, {64, 32, 36, gpu.BF16}} {
		for _, transposed := range []bool{false, true} {
			rows, in, out := size.rows, size.in, size.out
			x, w, bias, residual, dy := normal(1, rows*in), normal(2, in*out), normal(3, out), normal(4, rows*out), normal(5, rows*out)
			b := newBench(t)
			b.Precision = size.precision
			k, px, pw, pd := NewLinear(b.Scope, rows, in, out, transposed), put(b, x), put(b, w), put(b, dy)
			h := dense.NewLinear[float64](rows, in, out, transposed)
			most, least := 1e-6, 0.0
			if size.precision == gpu.BF16 {
				most, least = 4e-3, 1e-3
			}
			check := func(name string, got []float32, want []float64, most float64) {
				near(t, fmt.Sprint(name, size, transposed), got, want, most)
				if distance(got, want) < least {
					t.Errorf("%s %v: off by %.2g only", name, size, distance(got, want))
				}
			}
			for _, with := range [][2]bool{{}, {true, false}, {false, true}, {true, true}} {
				pb, pr := gpu.Ptr(0), gpu.Ptr(0)
				var hb, hr []float64
				if with[0] {
					pb, hb = put(b, bias), wide(bias)
				}
				if with[1] {
					pr, hr = put(b, residual), wide(residual)
				}
				y, want := room(b, rows*out), make([]float64, rows*out)
				k.Forward(y, px, pw, pb, pr)
				h.Forward(want, wide(x), wide(w), hb, hr)
				check(fmt.Sprint("y", with), get[float32](b, y, rows*out), want, most)
			}
			dx, dw, db := room(b, rows*in), room(b, in*out), room(b, out)
			k.Backward(dx, dw, db, px, pw, pd)
			wantX, wantW, wantB := make([]float64, rows*in), make([]float64, in*out), make([]float64, out)
			h.Backward(wantX, wantW, wantB, wide(x), wide(w), wide(dy))
			check("dx", get[float32](b, dx, rows*in), wantX, most)
			check("dw", get[float32](b, dw, in*out), wantW, most)
			near(t, fmt.Sprint("dbias ", size), get[float32](b, db, out), wantB, 1e-6)

			left := []float32{7}
			for i := range 3 { // each alone; the others are left alone
				p := [3]gpu.Ptr{}
				p[i] = []gpu.Ptr{dx, dw, db}[i]
				for _, all := range []gpu.Ptr{dx, dw, db} {
					b.Write(all, gpu.Words(left))
				}
				k.Backward(p[0], p[1], p[2], px, pw, pd)
				for j, want := range []float64{wantX[0], wantW[0], wantB[0]} {
					got := float64(get[float32](b, []gpu.Ptr{dx, dw, db}[j], 1)[0])
					if j != i && got != 7 || j == i && math.Abs(got-want) > 0.1*(1+math.Abs(want)) {
						t.Errorf("%v: of gradient %d alone, number 0 of %d is %v", size, i, j, got)
					}
				}
			}
		}
	}
}
