package optim

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// An EMA is an exponential moving average of weights, often better than the last weights
// themselves (Polyak and Juditsky 1992).
type EMA[F params.Float] struct {
	decay   float64
	ps      []*params.Param[F]
	average [][]F
	count   []int64 // [1]: updates so far
	pieces  []piece
	body    func(i int)
	now     F
}

// NewEMA starts an average at the parameters' present values; decay is the weight of the past, in (0, 1).
// A decay that rounds to 1 in F is refused.
func NewEMA[F params.Float](ps []*params.Param[F], decay float64) (*EMA[F], error) {
	if !(decay > 0 && decay < 1) {
		return nil, fmt.Errorf("-ema %v: must lie in (0, 1)", decay)
	}
	if err := checkDecay[F]("ema", decay); err != nil {
		return nil, err
	}
	e := &EMA[F]{decay: decay, ps: ps, count: make([]int64, 1)}
	for i, p := range ps {
		e.average = append(e.average, append([]F(nil), p.Value...))
		e.pieces = appendPieces(e.pieces, i, len(p.Value))
	}
	e.body = func(i int) {
		at := e.pieces[i]
		average := e.average[at.index][at.lo:at.hi]
		simd.Scale(average, e.now, average)
		simd.AddScaled(average, 1-e.now, e.ps[at.index].Value[at.lo:at.hi]) // 1-e.now in F: the weights add up to 1
	}
	return e, nil
}

// Update takes the present weights in. The first updates weigh the past less, (1+t)/(10+t), so that
// the random start is soon forgotten.
func (e *EMA[F]) Update() {
	t := float64(e.count[0])
	e.count[0]++
	e.now = F(min(e.decay, (1+t)/(10+t)))
	simd.For(len(e.pieces), e.body)
}

// Swap exchanges the weights and their average: call it before an evaluation and again after it.
func (e *EMA[F]) Swap() {
	for i, p := range e.ps {
		for j, v := range p.Value {
			p.Value[j], e.average[i][j] = e.average[i][j], v
		}
	}
}

// State returns the averages as ema.NAME, and ema_updates, sharing their memory.
func (e *EMA[F]) State() []params.Array {
	out := []params.Array{{Name: "ema_updates", Shape: []int{1}, Data: e.count}}
	for i, p := range e.ps {
		out = append(out, params.Array{Name: params.AveragePrefix + p.Name, Shape: p.Shape, Data: e.average[i]})
	}
	return out
}

// Restore copies a saved State into this average. It changes nothing unless every array is there in
// its shape and type.
func (e *EMA[F]) Restore(saved []params.Array) error { return params.Restore(e.State(), saved) }
