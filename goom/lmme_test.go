package goom

import (
	"math"
	"testing"
)

// A product that cancels exactly is zero, with the sign of zero, in every way that it is computed.
func TestCanceledProducts(t *testing.T) {
	t.Run("float32", testCanceledProducts[float32])
	t.Run("float64", testCanceledProducts[float64])
}

func testCanceledProducts[F Float](t *testing.T) {
	a, b := New[F](20, 2), New[F](2, 20)
	for i := range a.Log {
		a.Log[i], b.Log[i] = 0, 0
	}
	for j := range 20 {
		b.Sign[20+j] = -1 // 1 - 1
	}
	one, single := New[F](20, 2), New[F](2, 20) // one element of many
	copy(one.Log, a.Log)
	copy(single.Log, a.Log)
	single.Sign[20] = -1
	for name, y := range map[string]Tensor[F]{
		"all": LMME(a, b), "one": LMME(one, single), "exact": LMMEExact(a, b),
		"chained": Chained(Tensor[F]{Shape: []int{2, 2, 2}, Log: []F{0, 0, 0, 0, 0, 0, 0, 0}, Sign: []F{1, 1, 1, 1, 1, 1, -1, -1}}),
	} {
		if y.Log[0] != Floor[F]() || y.Sign[0] != 1 {
			t.Errorf("%s: logarithm %v with sign %v, want zero", name, y.Log[0], y.Sign[0])
		}
	}
}

// What is far below the rest of its column, or of its row, counts where the rest is multiplied by zero.
func TestFarBelow(t *testing.T) {
	t.Run("float32", testFarBelow[float32])
	t.Run("float64", testFarBelow[float64])
}

func testFarBelow[F Float](t *testing.T) {
	none := F(math.Inf(-1))
	for name, y := range map[string]Tensor[F]{
		"column": LMME(vector(none, 0).Reshape(1, 2), vector[F](0, -2000).Reshape(2, 1)),
		"row":    LMME(vector[F](0, -2000).Reshape(1, 2), vector(none, 0).Reshape(2, 1)),
		"chain":  Chained(Tensor[F]{Shape: []int{2, 2, 2}, Log: []F{none, 0, none, 0, 0, none, -2000, none}, Sign: ones[F](8)}),
	} {
		if math.Abs(float64(y.Log[0])+2000) > 1e-3 || y.Sign[0] != 1 {
			t.Errorf("%s: logarithm %v with sign %v, want -2000", name, y.Log[0], y.Sign[0])
		}
	}
	// The same in a scan and its gradient: x = (0, 1) times diag(e^2000, 1).
	a, start := vector(2000, none, none, 0).Reshape(1, 2, 2), vector(none, 0).Reshape(1, 2)
	p, y := NewScan[F](a.Shape, nil, true, 1, Options{Grad: true}), New[F](1, 1, 2)
	p.Forward(y, a, Tensor[F]{}, start)
	da, dx0 := make([]F, 4), make([]F, 2)
	p.Backward(da, nil, dx0, y, a, Tensor[F]{}, start, []F{3, 5})
	for i, want := range []F{0, 0, 0, 5} {
		if da[i] != want {
			t.Errorf("the gradient of A[%d] is %v, want %v", i, da[i], want)
		}
	}
	if !IsZero(y.Log[0]) || y.Log[1] != 0 || dx0[0] != 0 || dx0[1] != 5 {
		t.Errorf("the state has logarithms %v and x_0 the gradient %v, want 0 and 1, and 0 and 5", y.Log, dx0)
	}
}
