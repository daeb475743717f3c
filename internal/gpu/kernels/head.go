package kernels

import (
	"goomtrain/internal/gpu"
)

var head = gpu.Module{Name: "head"}

// rowLosses is the outcome of softmax cross-entropy by row.
type rowLosses struct {
	s         *gpu.Scope
	rows      int
	nll, best gpu.Ptr // [rows] float32, int32
	outcome   gpu.Ptr // of the last Forward: loss, counted and correct rows

	crossEntropy, sum, add gpu.Function
}

func newRowLosses(s *gpu.Scope, rows int) rowLosses {
	return rowLosses{s: s, rows: rows, nll: s.Alloc(rows), best: s.Alloc(rows), outcome: s.Alloc(6),
		crossEntropy: s.Function(&head, "cross_entropy"), sum: s.Function(&head, "outcome"), add: s.Function(&head, "add_outcome")}
}

// NLL returns the address of the loss of each row, in nats; of a row that is not counted it is 0.
func (k *rowLosses) NLL() gpu.Ptr { return k.nll }

// Best returns the address of the place of the largest logit of each row, int32; of a row that is not counted it is -1.
func (k *rowLosses) Best() gpu.Ptr { return k.best }

// Add adds the outcome of the last Forward to a sum of losses (float64) and numbers of counted and correct rows (int64).
func (k *rowLosses) Add(totals gpu.Ptr) {
	k.s.Launch(k.add, gpu.Line(1), gpu.Line(1), ptr(k.outcome), ptr(totals))
}

// total writes the weighted loss.
func (k *rowLosses) total(loss, targets, weight gpu.Ptr) {
	k.s.Launch(k.sum, gpu.Line(1), gpu.Line(1024), gpu.Int(k.rows), ptr(targets), ptr(k.nll), ptr(k.best), ptr(weight), ptr(k.outcome), ptr(loss))
}

// rowsOf launches the cross-entropy of n rows from a first one on, whose logits are stride numbers apart. Targets are those of all
// rows.
func (k *rowLosses) rowsOf(first, n, vocab, stride int, logits, targets, weight, dloss, grads gpu.Ptr) {
	shift := 5 // a warp takes a row
	if vocab > 1024 {
		shift = 8
	}
	each := threads >> shift
	k.s.Launch(k.crossEntropy, gpu.Line((n+each-1)/each), gpu.Line(threads), gpu.Int(n), gpu.Int(vocab), gpu.Int(stride), gpu.Int(shift),
		ptr(logits), ptr(targets.Add(first)), ptr(weight), ptr(dloss), ptr(k.nll.Add(first)), ptr(k.best.Add(first)), ptr(grads))
}

// Head is the twin of dense.Head. Targets must lie in the vocabulary, or be -1. Rows that are not counted are computed too, which
// needs no lists of rows; their loss and gradients are 0.
type Head struct {
	rowLosses
	width, vocab int
	tile, stride int         // rows whose logits are in memory at a time, and their distance
	logits       *gpu.Shared // [tile, stride]
	dx, dw       gpu.Ptr     // 0: no gradients are wanted

	whole, last headTile // the products of a tile, and of the last one, which may have fewer rows
	scaled      gpu.Function
}

// headTile is the products of a tile of rows.
type headTile struct{ forward, backX, backW product }

// A tile has headLogits logits, or headRows rows where these have more: all of dW is read and written once a tile.
const (
	headLogits = 1 << 24
	headRows   = 512
)

// NewHead returns the kernel for x [rows, width] and W [vocab, width].
func NewHead(s *gpu.Scope, rows, width, vocab int) *Head {
	return newHead(s, rows, width, vocab, max(headRows, headLogits/vocab))
}

// newHead is NewHead with a number of rows whose logits are in memory at a time.
func newHead(s *gpu.Scope, rows, width, vocab, tile int) *Head {
	tile = min(rows, tile)
	stride := (vocab + 3) / 4 * 4 // so that products move 16 bytes at a time
	logits := tile * stride
	products := func(n int) headTile {
		return headTile{newProductBehind(s, logits, false, true, n, vocab, width), newProductBehind(s, logits, false, false, n, width, vocab),
			newProductBehind(s, logits, true, false, vocab, width, n)}
	}
	return &Head{rowLosses: newRowLosses(s, rows), width: width, vocab: vocab, tile: tile, stride: stride, logits: s.Share(logits),
		whole: products(tile), last: products((rows-1)%tile + 1), scaled: s.Function(&head, "scaled")}
}

// WantGradients makes every later Forward compute gradients too. That of W is written to dw [vocab, width].
func (k *Head) WantGradients(dw gpu.Ptr) { k.dx, k.dw = k.s.Alloc(k.rows*k.width), dw }

// Forward writes the weighted loss.
func (k *Head) Forward(loss, x, w, targets, weight gpu.Ptr) {
	logits := k.logits.Ptr()
	grads := gpu.Ptr(0)
	if k.dx != 0 {
		grads = logits
	}
	for first := 0; first < k.rows; first += k.tile {
		p, rows := &k.whole, x.Add(first*k.width)
		if first+k.tile >= k.rows {
			p = &k.last
		}
		p.forward.launch(rows, k.width, w, k.width, 0, 0, logits, k.stride)
		k.rowsOf(first, p.forward.m, k.vocab, k.stride, logits, targets, weight, 0, grads)
		if grads == 0 {
			continue
		}
		p.backX.launch(logits, k.stride, w, k.width, 0, 0, k.dx.Add(first*k.width), k.width)
		before := k.dw
		if first == 0 {
			before = 0
		}
		p.backW.launch(logits, k.stride, rows, k.width, 0, before, k.dw, k.width)
	}
	k.total(loss, targets, weight)
}

// Backward writes dx of the last Forward, and multiplies it and dw by the gradient of the loss.
func (k *Head) Backward(dx, dloss gpu.Ptr) {
	for _, a := range []struct {
		n        int
		from, to gpu.Ptr
	}{{k.rows * k.width, k.dx, dx}, {k.vocab * k.width, k.dw, k.dw}} {
		grid := gpu.Line(min(8*multiprocessors, flat(a.n).X))
		k.s.Launch(k.scaled, grid, gpu.Line(threads), uint64(a.n), ptr(dloss), ptr(a.from), ptr(a.to))
	}
}

// CrossEntropy is the twin of dense.CrossEntropy. Targets must lie in the classes, or be -1.
type CrossEntropy struct {
	rowLosses
	classes int
}

// NewCrossEntropy returns the kernel for logits [rows, classes].
func NewCrossEntropy(s *gpu.Scope, rows, classes int) *CrossEntropy {
	return &CrossEntropy{newRowLosses(s, rows), classes}
}

// Forward writes the weighted loss.
func (k *CrossEntropy) Forward(loss, x, targets, weight gpu.Ptr) {
	k.rowsOf(0, k.rows, k.classes, k.classes, x, targets, weight, 0, 0)
	k.total(loss, targets, weight)
}

// Backward writes dx of dloss times the loss.
func (k *CrossEntropy) Backward(dx, x, targets, weight, dloss gpu.Ptr) {
	k.rowsOf(0, k.rows, k.classes, k.classes, x, targets, weight, dloss, dx)
}
