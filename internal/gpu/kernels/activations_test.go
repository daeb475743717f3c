package kernels

import (
	"fmt"
	"goomtrain/internal/gpu"
	"goomtrain/internal/kernels/dense"
	"math"
	"slices"
	"testing"
)

// rowSizes are numbers of rows and widths around those of warps and blocks.
var rowSizes = [][2]int{{1, 1}, {2, 3}, {63, 33}, {5, 257}, {300, 8}, {37, 64}, {3, 1028}}

// function is a map from x to y with a gradient, on the host or on a GPU.
type function[T any] interface {
	Forward(y, x T)
	Backward(dx, x, dy T)
}

// TestActivations compares with the host's kernels in float64, also where exp leaves its range, and NaN with NaN.
func TestActivations(t *testing.T) {
	for name, c := range map[string]struct {
		device func(s *gpu.Scope, rows, width int) function[gpu.Ptr]
		host   func(rows, width int) function[[]float64]
		halves int
	}{
		"GLU":        {func(s *gpu.Scope, r, w int) function[gpu.Ptr] { return NewGLU(s, r, w) }, func(r, w int) function[[]float64] { return dense.NewGLU[float64](r, w) }, 2},
		"SwiGLU":     {func(s *gpu.Scope, r, w int) function[gpu.Ptr] { return NewSwiGLU(s, r, w) }, func(r, w int) function[[]float64] { return dense.NewSwiGLU[float64](r, w) }, 2},
		"GELU":       {func(s *gpu.Scope, r, w int) function[gpu.Ptr] { return NewGELU(s, r*w) }, func(r, w int) function[[]float64] { return dense.NewGELU[float64](r * w) }, 1},
		"Sigmoid":    {func(s *gpu.Scope, r, w int) function[gpu.Ptr] { return NewSigmoid(s, r*w, 2) }, func(r, w int) function[[]float64] { return dense.NewSigmoid[float64](r*w, 2) }, 1},
		"LogSigmoid": {func(s *gpu.Scope, r, w int) function[gpu.Ptr] { return NewLogSigmoid(s, r*w, 0.5) }, func(r, w int) function[[]float64] { return dense.NewLogSigmoid[float64](r*w, 0.5) }, 1},
		"SiLU":       {func(s *gpu.Scope, r, w int) function[gpu.Ptr] { return NewSiLU(s, r*w) }, func(r, w int) function[[]float64] { return dense.NewSiLU[float64](r * w) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range rowSizes {
				rows, width := size[0], size[1]
				n := rows * width
				x, dy := normal(1, c.halves*n), normal(2, n)
				for i := range x {
					x[i] *= []float32{1, 1, 10, 100}[i%4]
				}
				b := newBench(t)
				y, dx := room(b, n), room(b, len(x))
				k, px := c.device(b.Scope, rows, width), put(b, x)
				k.Forward(y, px)
				k.Backward(dx, px, put(b, dy))
				wantY, wantX := make([]float64, n), make([]float64, len(x))
				h := c.host(rows, width)
				h.Forward(wantY, wide(x))
				h.Backward(wantX, wide(x), wide(dy))
				near(t, fmt.Sprint("y ", size), get[float32](b, y, n), wantY, 2e-7)
				near(t, fmt.Sprint("dx ", size), get[float32](b, dx, len(x)), wantX, 6e-7)
			}
			special := []float32{3e38, -3e38, 1e20, -1e20, 100, -100, 1e-42, 0, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
			n := len(special)
			x := slices.Clone(special)
			if c.halves == 2 {
				x = append(normal(3, n), special...)
			}
			b := newBench(t)
			y, dx := room(b, n), room(b, len(x))
			k, px := c.device(b.Scope, 1, n), put(b, x)
			k.Forward(y, px)
			k.Backward(dx, px, put(b, normal(4, n)))
			wantY, wantX := make([]float64, n), make([]float64, len(x))
			h := c.host(1, n)
			h.Forward(wantY, wide(x))
			h.Backward(wantX, wide(x), wide(normal(4, n)))
			alike(t, "y", get[float32](b, y, n), wantY)
			alike(t, "dx", get[float32](b, dx, len(x)), wantX)
		})
	}
}

// alike fails unless each number is that wanted to some digits, infinite where that is beyond float32, or NaN where it is.
func alike(t testing.TB, name string, got []float32, want []float64) {
	t.Helper()
	for i, w := range want {
		g := float64(got[i])
		if g != g != (w != w) || g == g && float32(w) != got[i] && !(math.Abs(g-w) <= 1e-6*math.Abs(w)+1e-37) {
			t.Errorf("%s: special number %d is %v, want %v", name, i, g, w)
		}
	}
}

// TestGatedSiLU compares with the host's kernel in float64.
func TestGatedSiLU(t *testing.T) {
	const n = 1000
	gate, up, dy := normal(1, n), normal(2, n), normal(3, n)
	b := newBench(t)
	k, pg, pu := NewGatedSiLU(b.Scope, n), put(b, gate), put(b, up)
	y, dg, du := room(b, n), room(b, n), room(b, n)
	k.Forward(y, pg, pu)
	k.Backward(dg, du, pg, pu, put(b, dy))
	wantY, wantG, wantU := make([]float64, n), make([]float64, n), make([]float64, n)
	h := dense.NewGatedSiLU[float64](n)
	h.Forward(wantY, wide(gate), wide(up))
	h.Backward(wantG, wantU, wide(gate), wide(up), wide(dy))
	near(t, "y", get[float32](b, y, n), wantY, 2e-7)
	near(t, "dgate", get[float32](b, dg, n), wantG, 3e-7)
	near(t, "dup", get[float32](b, du, n), wantU, 2e-7)
}
