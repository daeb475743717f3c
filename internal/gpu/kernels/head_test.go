package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/kernels/dense"
)

// someTargets returns targets of which every fifth is not counted, and the number of the others.
func someTargets(rows, classes int) (targets []int32, counted int) {
	r := rand.New(rand.NewPCG(2, uint64(rows)))
	targets = make([]int32, rows)
	for i := range targets {
		if targets[i] = int32(r.IntN(classes)); i%5 == 3 {
			targets[i] = -1
		} else {
			counted++
		}
	}
	return targets, counted
}

// A recorder is a loss of the host that takes over what a device has computed.
type recorder interface {
	Record(targets []int32, nll []float32, best []int32)
	Predicted() []int32
	Losses(to []float64) []float64
}

// sameOutcome fails unless the device's losses, predictions and totals are those of the host's kernel, which has run. The totals
// began with a loss of 10 and have the outcome twice.
func sameOutcome(b bench, name string, k *rowLosses, targets []int32, totals gpu.Ptr, host, record recorder, stats dense.HeadStats) {
	t := b.t
	t.Helper()
	sum, counts := get[float64](b, totals, 1)[0], get[int64](b, totals.Add(2), 2)
	if math.Abs(sum-10-2*stats.Loss) > 1e-6*(10+2*stats.Loss) || int(counts[0]) != 2*stats.Counted || int(counts[1]) != 2*stats.Correct {
		t.Errorf("%s: totals %v and %v, want 10 and twice %+v", name, sum, counts, stats)
	}
	nll, best := get[float32](b, k.NLL(), len(targets)), get[int32](b, k.Best(), len(targets))
	for i, target := range targets {
		if target < 0 && (nll[i] != 0 || best[i] != -1) {
			t.Errorf("%s: row %d is not counted and has the loss %v and the best %d", name, i, nll[i], best[i])
		}
	}
	record.Record(targets, nll, best)
	if !slices.Equal(record.Predicted(), host.Predicted()) {
		t.Errorf("%s: predicted %v, want %v", name, record.Predicted(), host.Predicted())
	}
	losses := host.Losses(nil)
	for i, l := range record.Losses(nil) {
		if math.Abs(l-losses[i]) > 2e-6*(1+losses[i]) {
			t.Errorf("%s: loss %d is %v, want %v", name, i, l, losses[i])
		}
	}
}

// TestHead compares with the host's kernel in float64: loss, gradients, the outcome of each row and the totals. There are rows that
// are not counted, one tile and several, the last one smaller, rows for a warp and for a block, and products of several parts
// in the memory behind the logits.
func TestHead(t *testing.T) {
	for _, c := range []struct{ rows, width, vocab, tile int }{
		{1, 1, 1, 9}, {2, 3, 2, 9}, {63, 8, 301, 64}, {300, 4, 11, 128}, {9, 5, 1100, 5}, {600, 2, 3, 600},
	} {
		targets, counted := someTargets(c.rows, c.vocab)
		x, w := normal(1, c.rows*c.width), normal(2, c.vocab*c.width)
		b := newBench(t)
		b.Share(10) // memory of another kernel, in the same place
		k := newHead(b.Scope, c.rows, c.width, c.vocab, c.tile)
		px, pw, pt, weight := put(b, x), put(b, w), put(b, targets), put(b, []float32{0.25})
		loss, dx, dw, totals := room(b, 1), room(b, len(x)), room(b, len(w)), put(b, []float64{10, 0, 0})
		k.Forward(loss, px, pw, pt, weight)
		k.Add(totals)
		only := get[float32](b, loss, 1)[0]
		k.WantGradients(dw)
		k.Forward(loss, px, pw, pt, weight)
		k.Add(totals)

		h := dense.NewHead[float64](c.rows, c.width, c.vocab)
		wantX, wantW := make([]float64, len(x)), make([]float64, len(w))
		h.WantGradients(wantW)
		want := h.Forward(wide(x), wide(w), targets, 0.25)
		name := fmt.Sprint(c)
		near(t, "loss "+name, []float32{only, get[float32](b, loss, 1)[0]}, []float64{want, want}, 3e-7)
		if stats := h.Stats(c.rows); stats.Counted != counted {
			t.Fatalf("%s: %d rows counted, want %d", name, stats.Counted, counted)
		}
		sameOutcome(b, name, &k.rowLosses, targets, totals, h, dense.NewHead[float32](c.rows, c.width, c.vocab), h.Stats(c.rows))
		for _, dloss := range []float32{1, 1.5} {
			k.Backward(dx, put(b, []float32{dloss}))
			h.Backward(wantX, float64(dloss))
			if c.vocab == 1 { // the gradients are 0
				same(t, "dx", get[float32](b, dx, len(x)), make([]float32, len(x)))
				same(t, "dw", get[float32](b, dw, len(w)), make([]float32, len(w)))
				continue
			}
			near(t, "dx "+name, get[float32](b, dx, len(x)), wantX, 2e-6)
			near(t, "dw "+name, get[float32](b, dw, len(w)), wantW, 2e-6)
		}
	}
}

// TestHeadWithoutTargets: where no row is counted, loss and gradients are 0.
func TestHeadWithoutTargets(t *testing.T) {
	const rows, width, vocab = 70, 3, 5
	targets := slices.Repeat([]int32{-1}, rows)
	b := newBench(t)
	k, loss, dx, dw := newHead(b.Scope, rows, width, vocab, 64), room(b, 1), room(b, rows*width), room(b, vocab*width)
	k.WantGradients(dw)
	k.Forward(loss, put(b, normal(1, rows*width)), put(b, normal(2, vocab*width)), put(b, targets), put(b, []float32{1}))
	k.Backward(dx, put(b, []float32{2}))
	same(t, "loss", get[float32](b, loss, 1), []float32{0})
	same(t, "dx", get[float32](b, dx, rows*width), make([]float32, rows*width))
	same(t, "dw", get[float32](b, dw, vocab*width), make([]float32, vocab*width))
}

// TestHeadTile: the logits of a tile take at most 64 MiB, but for rows so long that there are fewer than 512.
func TestHeadTile(t *testing.T) {
	for _, c := range []struct{ rows, vocab, tile int }{{100, 256, 100}, {1 << 20, 256, 1 << 16}, {1 << 20, 50257, 512}, {300, 50257, 300}} {
		b := newBench(t)
		k := NewHead(b.Scope, c.rows, 1, c.vocab)
		if k.tile != c.tile || k.last.forward.m != (c.rows-1)%c.tile+1 {
			t.Errorf("%+v: tiles of %d rows, the last of %d", c, k.tile, k.last.forward.m)
		}
	}
}

// TestHeadExtremes: logits far apart, infinite ones and NaN give what the host gives.
func TestHeadExtremes(t *testing.T) {
	inf := float32(math.Inf(1))
	w := []float32{1, -1, 1e30, -1e30, 0}
	x := []float32{1, 1e5, -1e7, 1e20, inf, float32(math.NaN()), -3e-30}
	targets := []int32{0, 1, 3, 2, 1, 0, 3}
	b := newBench(t)
	k := NewHead(b.Scope, len(x), 1, len(w))
	k.Forward(room(b, 1), put(b, x), put(b, w), put(b, targets), put(b, []float32{1}))
	h := dense.NewHead[float32](len(x), 1, len(w))
	h.Forward(x, w, targets, 1)
	got, best := get[float32](b, k.NLL(), len(x)), get[int32](b, k.Best(), len(x))
	for i, want := range h.Losses(nil) {
		if g := float64(got[i]); (g != g) != (want != want) || g == g && g != want && !(math.Abs(g-want) <= 1e-6*math.Abs(want)) {
			t.Errorf("row %d: loss %v, on the host %v", i, g, want)
		}
		if b := best[i]; b < 0 || int(b) >= len(w) || x[i]-x[i] == 0 && b != h.Predicted()[i] {
			t.Errorf("row %d: best %d, on the host %d", i, b, h.Predicted()[i])
		}
	}
}

// TestCrossEntropy compares with the host's kernel in float64, over logits of many magnitudes, some of them equal, in rows for a
// warp and for a block, and more of them than the sum has threads.
func TestCrossEntropy(t *testing.T) {
	for _, c := range []struct {
		rows, classes int
		scale         float32
	}{{1, 1, 1}, {37, 10, 1}, {37, 40, 1e-4}, {37, 128, 300}, {2500, 2, 1}, {11, 1025, 1}, {5, 3001, 30}} {
		x := normal(1, c.rows*c.classes)
		for i := range x {
			x[i] *= c.scale
			if i > c.classes && i%c.classes > 1 {
				x[i] = min(x[i], x[i/c.classes*c.classes]) // several are equal, and most often the largest
			}
		}
		targets, _ := someTargets(c.rows, c.classes)
		b := newBench(t)
		k := NewCrossEntropy(b.Scope, c.rows, c.classes)
		px, pt, weight, loss, dx := put(b, x), put(b, targets), put(b, []float32{0.5}), room(b, 1), room(b, len(x))
		totals := put(b, []float64{10, 0, 0})
		k.Forward(loss, px, pt, weight)
		k.Backward(dx, px, pt, weight, put(b, []float32{2}))
		k.Add(totals)
		k.Add(totals)
		h := dense.NewCrossEntropy[float64](c.rows, c.classes)
		want, wantX := h.Forward(wide(x), targets, 0.5), make([]float64, len(x))
		h.Backward(wantX, wide(x), targets, 0.5, 2)
		name := fmt.Sprint(c)
		near(t, "loss "+name, get[float32](b, loss, 1), []float64{want}, 3e-7)
		near(t, "dx "+name, get[float32](b, dx, len(x)), wantX, 1e-6)
		sameOutcome(b, name, &k.rowLosses, targets, totals, h, dense.NewCrossEntropy[float32](c.rows, c.classes), h.Stats())
	}
}
