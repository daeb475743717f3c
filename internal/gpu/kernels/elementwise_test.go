package kernels

import "testing"

// TestSum: sums are those of the host to the bit.
func TestSum(t *testing.T) {
	for _, n := range []int{1, 255, 256, 1001} {
		x, y := normal(1, n), normal(2, n)
		want := make([]float32, n)
		for i := range want {
			want[i] = x[i] + y[i]
		}
		b := newBench(t)
		k, px, py, sum := NewSum(b.Scope, n), put(b, x), put(b, y), room(b, n)
		k.Forward(sum, px, py)
		same(t, "sum", get[float32](b, sum, n), want)
		k.AddTo(py, px)
		same(t, "added", get[float32](b, py, n), want)
		NewCopy(b.Scope, n).Forward(px, sum)
		same(t, "copy", get[float32](b, px, n), want)
		NewFill(b.Scope).Zero(sum, n)
		same(t, "zeros", get[float32](b, sum, n), make([]float32, n))
	}
}

// TestUnaligned: parts of arrays that begin at any number are treated as whole arrays are, and nothing beside them changes.
func TestUnaligned(t *testing.T) {
	const n, around = 21, 30
	for shift := range 4 {
		x, y := normal(1, around), normal(2, around)
		b := newBench(t)
		px, py := put(b, x), put(b, y)
		NewSum(b.Scope, n).AddTo(py.Add(shift), px.Add(3))
		NewOptimizer(b.Scope).Swap(n-1, px.Add(shift), py.Add(shift))
		NewFill(b.Scope).Zero(px.Add(shift+n-3), 2)
		for i := range n {
			y[shift+i] += x[3+i]
		}
		for i := range n - 1 {
			x[shift+i], y[shift+i] = y[shift+i], x[shift+i]
		}
		clear(x[shift+n-3 : shift+n-1])
		same(t, "x", get[float32](b, px, around), x)
		same(t, "y", get[float32](b, py, around), y)
	}
}

// TestDot compares with sums in float64. Numbers fill several pieces.
func TestDot(t *testing.T) {
	for _, n := range []int{1, 3, 16384, 40_001} {
		x, w := normal(1, n), normal(2, n)
		want := 0.0
		dx, dw := make([]float32, n), make([]float32, n)
		for i := range x {
			want += float64(x[i]) * float64(w[i])
			dx[i], dw[i] = 1.5*w[i], 1.5*x[i]
		}
		b := newBench(t)
		k, px, pw, y, gx, gw := NewDot(b.Scope, n), put(b, x), put(b, w), room(b, 1), room(b, n), room(b, n)
		k.Forward(y, px, pw)
		k.Backward(gx, gw, px, pw, put(b, []float32{1.5}))
		near(t, "y", get[float32](b, y, 1), []float64{want}, 1e-7)
		same(t, "dx", get[float32](b, gx, n), dx)
		same(t, "dw", get[float32](b, gw, n), dw)
	}
}
