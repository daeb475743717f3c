package kernels

import (
	"goomtrain/internal/kernels/dense"
	"testing"
)

// TestDropout: the same numbers are dropped as on the host, whatever the step and the micro-batch.
func TestDropout(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 7}, {2, 1001}, {3, 512}, {5, 2}} {
		noise := dense.NewNoise(7)
		noise.Step, noise.First = 3, 5
		n := size[0] * size[1]
		x, residual, dy := normal(1, n), normal(2, n), normal(3, n)
		host := dense.NewDropout[float32](size[0], size[1], 0.3, "site", noise)
		wantY, wantAlone, wantX := make([]float32, n), make([]float32, n), make([]float32, n)
		host.Forward(wantY, x, residual)
		host.Forward(wantAlone, x, nil)
		host.Backward(wantX, dy)
		b := newBench(t)
		k, px, pr := NewDropout(b.Scope, size[0], size[1], 0.3, host.Key), put(b, x), put(b, residual)
		y, alone, dx := room(b, n), room(b, n), room(b, n)
		k.Forward(y, px, pr)
		k.Forward(alone, px, 0)
		k.Backward(dx, put(b, dy))
		same(t, "y", get[float32](b, y, n), wantY)
		same(t, "without residual", get[float32](b, alone, n), wantAlone)
		same(t, "dx", get[float32](b, dx, n), wantX)
	}
}
