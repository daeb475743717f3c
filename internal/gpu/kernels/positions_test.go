package kernels

import (
	"goomtrain/internal/kernels/dense"
	"testing"
)

// TestPositions compares learned and rotary positions with the host's kernels.
func TestPositions(t *testing.T) {
	for _, size := range []struct{ batch, time, context, heads, width, stride int }{{3, 5, 9, 3, 7, 25}, {1, 1, 1, 1, 1, 1}, {2, 63, 63, 2, 8, 24}, {2, 2, 2, 4, 64, 260}} {
		testPositions(t, size.batch, size.time, size.context, size.heads, size.width, size.stride)
	}
}

func testPositions(t *testing.T, batch, time, context, heads, width, stride int) {
	n := batch * time * stride
	x, table, dy := normal(1, n), normal(2, context*stride), normal(3, n)
	b := newBench(t)
	px, pd := put(b, x), put(b, dy)
	y, dtable, turned, back := room(b, n), room(b, len(table)), room(b, n), room(b, n)
	add, rotary := NewAddPositions(b.Scope, batch, time, context, stride), NewRotary(b.Scope, batch, time, heads, width, stride)
	add.Forward(y, px, put(b, table))
	add.Backward(dtable, pd)
	rotary.Forward(turned, px)
	rotary.Backward(back, pd)
	wantY, wantTable, wantTurned, wantBack := make([]float32, n), make([]float32, len(table)), make([]float64, n), make([]float64, n)
	hostAdd, hostRotary := dense.NewAddPositions[float32](batch, time, context, stride), dense.NewRotary[float64](batch, time, heads, width, stride)
	hostAdd.Forward(wantY, x, table, 0)
	hostAdd.Backward(wantTable, dy)
	hostRotary.Forward(wantTurned, wide(x), 0)
	hostRotary.Backward(wantBack, wide(dy))
	same(t, "y", get[float32](b, y, n), wantY)
	same(t, "dtable", get[float32](b, dtable, len(table)), wantTable)
	near(t, "turned", get[float32](b, turned, n), wantTurned, 1e-7)
	near(t, "turned back", get[float32](b, back, n), wantBack, 1e-7)
}
