package floats

import "testing"

func TestSingle(t *testing.T) {
	if !Single[float32]() || Single[float64]() {
		t.Errorf("Single: %v for float32, %v for float64", Single[float32](), Single[float64]())
	}
}

func TestAs32(t *testing.T) {
	x := []float32{1, 2, 3}
	y := As32(x)
	y[1] = 5
	if len(y) != 3 || x[1] != 5 {
		t.Errorf("As32 of %v: %v", x, y)
	}
	if len(As32[float32](nil)) != 0 {
		t.Error("As32 of nil is not empty")
	}
}

func TestShareAndOverlap(t *testing.T) {
	x := make([]float64, 10)
	for _, c := range []struct {
		name           string
		y, z           []float64
		share, overlap bool
	}{
		{"the same slice", x[2:5], x[2:5], true, false},
		{"the same beginning", x[2:5], x[2:9], true, false},
		{"one element in common", x[2:5], x[4:9], true, true},
		{"inside", x[:9], x[3:4], true, true},
		{"side by side", x[:4], x[4:], false, false},
		{"an empty one inside", x[:9], x[3:3], false, false},
		{"nil", nil, nil, false, false},
		{"other memory", x, make([]float64, 10), false, false},
	} {
		if Share(c.y, c.z) != c.share || Share(c.z, c.y) != c.share {
			t.Errorf("%s: Share is not %v", c.name, c.share)
		}
		if Overlap(c.y, c.z) != c.overlap || Overlap(c.z, c.y) != c.overlap {
			t.Errorf("%s: Overlap is not %v", c.name, c.overlap)
		}
	}
}

func TestHolds(t *testing.T) {
	for _, c := range []struct {
		n, rows, columns, stride int
		want                     bool
	}{
		{11, 3, 3, 4, true}, {10, 3, 3, 4, false}, {3, 1, 3, 100, true}, {2, 1, 3, 100, false}, {5, 2, 5, 0, true}, {0, 1, 0, 7, true}, {6, 3, 0, 3, true}, {5, 3, 0, 3, false},
		{3, 1, 3, 1 << 62, true}, {100, 5, 3, 1 << 62, false}, {100, 1<<32 + 1, 3, 1 << 32, false}, {100, 3, 1<<63 - 1, 1<<63 - 1, false}, {100, 1 << 62, 2, 3, false},
	} {
		if got := Holds(c.n, c.rows, c.columns, c.stride); got != c.want {
			t.Errorf("%d elements, %d rows of %d, %d apart: %v", c.n, c.rows, c.columns, c.stride, got)
		}
	}
}
