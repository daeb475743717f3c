package kernels

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/kernels/conv"
)

// TestShortConv compares with the definition in float64, at sequences shorter than the kernel and of awkward lengths.
func TestShortConv(t *testing.T) {
	for i, c := range []struct {
		batch, time, channels, width int
		silu, bias                   bool
	}{
		{1, 1, 1, 1, true, true}, {2, 1, 3, 4, true, false}, {1, 2, 7, 4, true, true}, {3, 3, 8, 4, false, true}, {2, 63, 9, 4, true, true},
		{1, 64, 16, 2, false, false}, {2, 65, 17, 3, true, true}, {1, 300, 130, 4, true, true}, {1, 30, 3, 51, true, true}, {1, 3, 257, 5, true, false},
	} {
		for _, scale := range []float32{1, 100, 1e-3, 1e25} {
			t.Run(fmt.Sprint(c, " times ", scale), func(t *testing.T) {
				n, seed := c.batch*c.time*c.channels, uint64(10*i)
				x, w, bias, dy := normal(seed, n), normal(seed+1, c.channels*c.width), normal(seed+2, c.channels), normal(seed+3, n)
				for i := range x {
					x[i] *= scale
				}
				naive := conv.Naive{B: c.batch, T: c.time, C: c.channels, W: c.width, SiLU: c.silu, X: wide(x), Weight: wide(w)}
				b := newBench(t)
				k := NewShortConv(b.Scope, c.batch, c.time, c.channels, c.width, c.silu)
				in, weights, y, dx, dw := put(b, x), put(b, w), room(b, n), room(b, n), room(b, len(w))
				biasOn, dbias := gpu.Ptr(0), gpu.Ptr(0)
				if c.bias {
					naive.Bias = wide(bias)
					biasOn, dbias = put(b, bias), room(b, len(bias))
				}
				k.Forward(y, in, weights, biasOn)
				k.Backward(dx, dw, dbias, in, weights, biasOn, put(b, dy))
				wantX, wantW, wantB, _ := naive.Backward(wide(dy))
				near(t, "y", get[float32](b, y, n), naive.Forward(), 1e-6)
				near(t, "dx", get[float32](b, dx, n), wantX, 2e-6)
				near(t, "dw", get[float32](b, dw, len(w)), wantW, 2e-6)
				near(t, "dbias", get[float32](b, dbias, len(wantB)), wantB, 2e-6)
			})
		}
	}
}

// TestShortConvNaN: a NaN reaches the outputs of its channel that depend on it, and no others.
func TestShortConvNaN(t *testing.T) {
	const steps, channels, width, at = 10, 2, 3, 4
	x := normal(1, steps*channels)
	x[at*channels+1] = float32(math.NaN())
	b := newBench(t)
	y := room(b, len(x))
	NewShortConv(b.Scope, 1, steps, channels, width, true).Forward(y, put(b, x), put(b, normal(2, channels*width)), 0)
	for i, v := range get[float32](b, y, len(x)) {
		if want := i%channels == 1 && i/channels >= at && i/channels < at+width; want != (v != v) {
			t.Errorf("y[%d] = %v", i, v)
		}
	}
}
