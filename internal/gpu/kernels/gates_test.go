package kernels

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/dense"
	"goomtrain/internal/kernels/kerneltest"
)

// TestSoftplusDecay compares with the host's kernel in float64.
func TestSoftplusDecay(t *testing.T) {
	for _, size := range append(rowSizes, [2]int{5000, 3}) {
		rows, width := size[0], size[1]
		n := rows * width
		x, aLog, bias, dy := normal(1, n), normal(2, width), normal(3, width), normal(4, n)
		for i := range x {
			x[i] *= []float32{1, 1, 10, 30}[i%4]
		}
		b := newBench(t)
		k, px, pb := NewSoftplusDecay(b.Scope, rows, width), put(b, x), put(b, bias)
		y, dx, da, db, pd := room(b, n), room(b, n), room(b, width), room(b, width), put(b, dy)
		k.Forward(y, px, put(b, aLog), pb)
		k.Backward(dx, da, db, px, pb, y, pd)
		h := dense.NewSoftplusDecay[float64](rows, width)
		wantY, wantX, wantA, wantB := make([]float64, n), make([]float64, n), make([]float64, width), make([]float64, width)
		h.Forward(wantY, wide(x), wide(aLog), wide(bias))
		h.Backward(wantX, wantA, wantB, wide(x), wide(bias), wantY, wide(dy))
		near(t, fmt.Sprint("y ", size), get[float32](b, y, n), wantY, 3e-7)
		near(t, fmt.Sprint("dx ", size), get[float32](b, dx, n), wantX, 3e-7)
		near(t, fmt.Sprint("daLog ", size), get[float32](b, da, width), wantA, 2e-6)
		near(t, fmt.Sprint("dbias ", size), get[float32](b, db, width), wantB, 2e-6)
	}
}

// TestSoftplusDecayExtremes: huge, infinite and tiny numbers give what the host's kernel in float64 gives.
func TestSoftplusDecayExtremes(t *testing.T) {
	inf := float32(math.Inf(1))
	x := []float32{3e38, -3e38, 1e20, 100, -100, -95, 1e-42, 0, inf, -inf}
	n := len(x)
	zeros, ones := make([]float32, n), make([]float32, n)
	for i := range ones {
		ones[i] = 1
	}
	b := newBench(t)
	k, px, pz := NewSoftplusDecay(b.Scope, 1, n), put(b, x), put(b, zeros)
	y, dx, da, db := room(b, n), room(b, n), room(b, n), room(b, n)
	k.Forward(y, px, pz, pz)
	k.Backward(dx, da, db, px, pz, y, put(b, ones))
	h := dense.NewSoftplusDecay[float64](1, n)
	wantY, wantX, wantA, wantB := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	h.Forward(wantY, wide(x), wide(zeros), wide(zeros))
	h.Backward(wantX, wantA, wantB, wide(x), wide(zeros), wantY, wide(ones))
	alike(t, "y", get[float32](b, y, n), wantY)
	alike(t, "dx", get[float32](b, dx, n), wantX)
	alike(t, "daLog", get[float32](b, da, n), wantA)
	alike(t, "dbias", get[float32](b, db, n), wantB)
}

// TestSoftplusDecaySpreadsNaN: what depends on a NaN is NaN.
func TestSoftplusDecaySpreadsNaN(t *testing.T) {
	const rows, width = 3, 5
	x, aLog, bias, dy := normal(1, rows*width), normal(2, width), normal(3, width), normal(4, rows*width)
	b := newBench(t)
	k := NewSoftplusDecay(b.Scope, rows, width)
	kerneltest.SpreadsNaN(t, map[string][]float32{"x": x, "aLog": aLog, "bias": bias, "dy": dy}, func() map[string][]float32 {
		px, pb, y, dx, da, db := put(b, x), put(b, bias), room(b, rows*width), room(b, rows*width), room(b, width), room(b, width)
		k.Forward(y, px, put(b, aLog), pb)
		k.Backward(dx, da, db, px, pb, y, put(b, dy))
		return map[string][]float32{"y": get[float32](b, y, rows*width), "dx": get[float32](b, dx, rows*width),
			"daLog": get[float32](b, da, width), "dbias": get[float32](b, db, width)}
	}, func(out string, o int, in string, i int) bool {
		if in == "aLog" || in == "bias" || out == "daLog" || out == "dbias" {
			return o%width == i%width && out+in != "ydy"
		}
		return o == i && out+in != "ydy"
	})
}
