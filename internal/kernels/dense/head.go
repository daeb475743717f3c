package dense

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Head is a linear layer and the softmax cross-entropy of its logits against integer targets. It goes by
// tiles of rows, so the logits [R, S] are never stored as a whole:
//
//	logits = x W^T    loss = weight * sum over counted rows of (ln sum_s exp(logits_s) - logits_target)
//	dlogits = weight * (softmax(logits) - onehot(target))    dx = dlogits W    dW = dlogits^T x
//
//	x [R, D]   W [S, D]   targets [R], -1 for a row that is not counted
//
// The gradients are computed together with the loss, while the logits of a tile are in the cache. Backward
// only multiplies them by the gradient of the loss, which is 1 in training.
type Head[F simd.Float] struct {
	rows, width, vocab int
	tile               int // rows a tile

	stats  HeadStats
	logits []F     // [tile, S]
	nll    []F     // [R], of counted rows
	best   []int32 // [R] the largest logit of each counted row
	index  []int   // [R] counted rows in their order
	packed []F     // [R, D] counted rows of x, where some are not counted
	dx, dw []F     // [R, D], [S, D]; nil where no gradient is wanted
	dpack  []F     // [R, D] gradients of packed

	x, w    []F // operands of the running call
	targets []int32
	weight  F
	first   int // first counted row of the running tile
	perRow  func(lo, hi int)
	scale   F
	scaled  []F
	scaling func(lo, hi int)
}

// HeadStats describes the loss of one Forward.
type HeadStats struct {
	Loss    float64 // sum over counted rows, in nats, without the weight
	Counted int     // rows with a target
	Correct int     // counted rows whose target has the largest logit

	Sequences        int // sequences with a counted row
	CorrectSequences int // those of them whose counted rows are all correct
}

// NewHead returns the kernel for x [rows, width] and W [vocab, width].
func NewHead[F simd.Float](rows, width, vocab int) *Head[F] {
	tile := min(rows, max(128, (1<<20)/vocab))
	k := &Head[F]{rows: rows, width: width, vocab: vocab, tile: tile,
		logits: make([]F, tile*vocab), nll: make([]F, rows), best: make([]int32, rows), index: make([]int, rows)}
	k.perRow = func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, target := k.logits[i*k.vocab:(i+1)*k.vocab], int(k.targets[k.index[k.first+i]])
			var nll F
			var argmax int
			if k.dx != nil {
				nll, argmax = simd.CrossEntropyBackward(row, row, target, k.weight)
			} else {
				nll, argmax = simd.CrossEntropy(row, target)
			}
			k.nll[k.first+i], k.best[k.first+i] = nll, int32(argmax)
		}
	}
	k.scaling = func(lo, hi int) { simd.Scale(k.scaled[lo:hi], k.scale, k.scaled[lo:hi]) }
	return k
}

// WantGradients makes every later Forward compute gradients too. That of W is written to dw [S, D].
func (k *Head[F]) WantGradients(dw []F) {
	k.dx, k.dw = make([]F, k.rows*k.width), dw
}

// Stats returns the statistics of the last Forward, whose rows are sequences of that many, one after another.
func (k *Head[F]) Stats(length int) HeadStats {
	s := k.stats
	for i := 0; i < s.Counted; {
		end, right := (k.index[i]/length+1)*length, true
		for ; i < s.Counted && k.index[i] < end; i++ {
			right = right && k.right(i)
		}
		s.Sequences++
		if right {
			s.CorrectSequences++
		}
	}
	return s
}

// Predicted returns, for each counted row of the last Forward, the target with the largest logit, valid until the next
// Forward.
func (k *Head[F]) Predicted() []int32 { return k.best[:k.stats.Counted] }

// Losses appends the loss of each counted row of the last Forward, in nats.
func (k *Head[F]) Losses(to []float64) []float64 { return appendLosses(to, k.nll[:k.stats.Counted]) }

func appendLosses[F simd.Float](to []float64, losses []F) []float64 {
	for _, nll := range losses {
		to = append(to, float64(nll))
	}
	return to
}

// right reports whether the target of the i-th counted row has the largest logit.
func (k *Head[F]) right(i int) bool { return k.best[i] == k.targets[k.index[i]] }

// Forward returns the weighted loss. It panics on a target of S or more.
func (k *Head[F]) Forward(x, w []F, targets []int32, weight F) F {
	k.w, k.targets, k.weight = w, targets, weight
	counted := 0
	for r, t := range targets {
		if int(t) >= k.vocab {
			panic(fmt.Sprintf("dense: target %d at row %d, want at most %d, or -1 for none", t, r, k.vocab-1))
		}
		if t >= 0 {
			k.index[counted] = r
			counted++
		}
	}
	k.x = x
	dx := k.dx
	if counted < k.rows {
		k.pack(x, counted)
		dx = k.dpack
	}
	if k.dx != nil && counted == 0 {
		clear(k.dw)
	}
	d, s := k.width, k.vocab
	for k.first = 0; k.first < counted; k.first += k.tile {
		n := min(k.tile, counted-k.first)
		rows := k.x[k.first*d : (k.first+n)*d]
		matmul.Mixed(false, true, n, s, d, rows, d, w, d, nil, 0, nil, k.logits, s)
		simd.ForRange(n, max(1, rowGrain*256/max(s, 256)), k.perRow)
		if k.dx == nil {
			continue
		}
		matmul.Mixed(false, false, n, d, s, k.logits, s, w, d, nil, 0, nil, dx[k.first*d:], d)
		var before []F // the sum of the tiles before
		if k.first > 0 {
			before = k.dw
		}
		matmul.Mixed(true, false, s, d, n, k.logits, s, rows, d, before, d, nil, k.dw, d)
	}
	if k.dx != nil && counted < k.rows {
		k.unpack(counted)
	}
	k.count(counted)
	return F(k.stats.Loss * float64(weight))
}

// count makes the statistics of so many counted rows.
func (k *Head[F]) count(counted int) {
	k.stats = HeadStats{Counted: counted}
	for i := range counted {
		k.stats.Loss += float64(k.nll[i])
		if k.right(i) {
			k.stats.Correct++
		}
	}
}

// Record makes the statistics those of a Forward on another device, which has computed the loss and the largest logit of
// each row.
func (k *Head[F]) Record(targets []int32, nll []float32, best []int32) {
	k.targets = targets
	counted := 0
	for r, t := range targets {
		if t >= 0 {
			k.index[counted], k.nll[counted], k.best[counted] = r, F(nll[r]), best[r]
			counted++
		}
	}
	k.count(counted)
}

// pack gathers the counted rows of x, so that no work is done for the others.
func (k *Head[F]) pack(x []F, counted int) {
	if k.packed == nil {
		k.packed = make([]F, k.rows*k.width)
	}
	if k.dx != nil && k.dpack == nil {
		k.dpack = make([]F, k.rows*k.width)
	}
	for i, r := range k.index[:counted] {
		copy(k.packed[i*k.width:(i+1)*k.width], x[r*k.width:(r+1)*k.width])
	}
	k.x = k.packed
}

// unpack scatters the gradients of the counted rows; those of the others are zero.
func (k *Head[F]) unpack(counted int) {
	clear(k.dx)
	for i, r := range k.index[:counted] {
		copy(k.dx[r*k.width:(r+1)*k.width], k.dpack[i*k.width:(i+1)*k.width])
	}
}

// Backward writes dx of the last Forward, and multiplies it and dW by the gradient of the loss.
func (k *Head[F]) Backward(dx []F, dloss F) {
	copy(dx, k.dx)
	if dloss == 1 {
		return
	}
	k.scale = dloss
	for _, k.scaled = range [2][]F{dx, k.dw} {
		simd.ForRange(len(k.scaled), simd.Grain, k.scaling)
	}
}
