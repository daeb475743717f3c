package dense

import (
	"fmt"

	"goomtrain/internal/simd"
)

// CrossEntropy is the softmax cross-entropy of logits against integer targets:
//
//	loss = weight * sum over counted rows of (ln sum_s exp(x_s) - x_target)
//	dx = weight * (softmax(x) - onehot(target)), 0 in rows that are not counted
//
//	x [R, S]   targets [R], -1 for a row that is not counted
type CrossEntropy[F simd.Float] struct {
	rows, classes int

	stats HeadStats
	nll   []F     // [R], of counted rows
	best  []int32 // [R] the largest logit of each counted row
	index []int32 // [R] counted rows in their order

	x, dx   []F // operands of the running call
	targets []int32
	scale   F
	losses  func(lo, hi int)
	grads   func(lo, hi int)
}

// NewCrossEntropy returns the kernel for logits [rows, classes].
func NewCrossEntropy[F simd.Float](rows, classes int) *CrossEntropy[F] {
	k := &CrossEntropy[F]{rows: rows, classes: classes, nll: make([]F, rows), best: make([]int32, rows), index: make([]int32, rows)}
	k.losses = func(lo, hi int) {
		for i := lo; i < hi; i++ {
			r := int(k.index[i])
			nll, argmax := simd.CrossEntropy(k.x[r*classes:(r+1)*classes], int(k.targets[r]))
			k.nll[i], k.best[i] = nll, int32(argmax)
		}
	}
	k.grads = func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := k.dx[r*classes : (r+1)*classes]
			if k.targets[r] < 0 {
				clear(row)
				continue
			}
			simd.CrossEntropyBackward(row, k.x[r*classes:(r+1)*classes], int(k.targets[r]), k.scale)
		}
	}
	return k
}

// Forward returns the weighted loss. It panics on a target of S or more.
func (k *CrossEntropy[F]) Forward(x []F, targets []int32, weight F) F {
	k.x, k.targets = x, targets
	k.stats = HeadStats{}
	for r, t := range targets {
		if int(t) >= k.classes {
			panic(fmt.Sprintf("dense: target %d at row %d, want at most %d, or -1 for none", t, r, k.classes-1))
		}
		if t >= 0 {
			k.index[k.stats.Counted] = int32(r)
			k.stats.Counted++
		}
	}
	simd.ForRange(k.stats.Counted, k.grain(), k.losses)
	k.count()
	return F(k.stats.Loss * float64(weight))
}

// count adds up the losses and the correct rows.
func (k *CrossEntropy[F]) count() {
	for i, nll := range k.nll[:k.stats.Counted] {
		k.stats.Loss += float64(nll)
		if k.best[i] == k.targets[k.index[i]] {
			k.stats.Correct++
		}
	}
	k.stats.Sequences, k.stats.CorrectSequences = k.stats.Counted, k.stats.Correct
}

// Record makes the statistics those of a Forward on another device, which has computed the loss and the largest logit of
// each row.
func (k *CrossEntropy[F]) Record(targets []int32, nll []float32, best []int32) {
	k.targets, k.stats = targets, HeadStats{}
	for r, t := range targets {
		if t >= 0 {
			n := k.stats.Counted
			k.index[n], k.nll[n], k.best[n] = int32(r), F(nll[r]), best[r]
			k.stats.Counted++
		}
	}
	k.count()
}

// grain is the number of rows of a part of the work.
func (k *CrossEntropy[F]) grain() int { return max(1, rowGrain*256/max(k.classes, 256)) }

// Stats describes the loss of the last Forward. Each row is a sequence.
func (k *CrossEntropy[F]) Stats() HeadStats { return k.stats }

// Losses appends the loss of each counted row of the last Forward, in nats.
func (k *CrossEntropy[F]) Losses(to []float64) []float64 {
	return appendLosses(to, k.nll[:k.stats.Counted])
}

// Predicted returns, for each counted row of the last Forward, the target with the largest logit, valid until the next
// Forward.
func (k *CrossEntropy[F]) Predicted() []int32 { return k.best[:k.stats.Counted] }

// Backward writes dx of dloss times the loss.
func (k *CrossEntropy[F]) Backward(dx, x []F, targets []int32, weight, dloss F) {
	k.dx, k.x, k.targets, k.scale = dx, x, targets, weight*dloss
	simd.ForRange(k.rows, k.grain(), k.grads)
}
