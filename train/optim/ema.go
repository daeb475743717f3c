package optim

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// An EMA is an exponential moving average of the weights, which often generalizes better than the last weights
// (Polyak and Juditsky 1992).
type EMA[F params.Float] struct {
	decay   float64
	ps      []*params.Param[F]
	average [][]F
	count   []int64 // [1]: updates so far
	pieces  []piece
	body    func(i int)
	now     F
	device  *onDevice // nil: the average is in the memory of the host
}

// NewEMA returns an average that starts at the present values of the parameters. decay is the weight of the
// past, in (0, 1); it must not round to 1 in F. The average of a Frozen parameter is the parameter itself.
func NewEMA[F params.Float](ps []*params.Param[F], decay float64) (*EMA[F], error) {
	if !(decay > 0 && decay < 1) {
		return nil, fmt.Errorf("-ema %v: must lie in (0, 1)", decay)
	}
	if err := checkDecay[F]("ema", decay); err != nil {
		return nil, err
	}
	e := &EMA[F]{decay: decay, ps: ps, count: make([]int64, 1)}
	for i, p := range ps {
		if p.Frozen {
			e.average = append(e.average, p.Value)
			continue
		}
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

// Update adds the present weights to the average. The first updates give the past a smaller weight,
// (1+t)/(10+t), so that the random initial weights are soon forgotten.
func (e *EMA[F]) Update() {
	e.now = F(e.advance())
	simd.For(len(e.pieces), e.body)
}

// advance counts an update and returns the weight of the past in it.
func (e *EMA[F]) advance() float64 {
	t := float64(e.count[0])
	e.count[0]++
	return min(e.decay, (1+t)/(10+t))
}

// Swap exchanges the weights and their average. Call it before an evaluation and again after it.
func (e *EMA[F]) Swap() {
	if e.device != nil {
		e.device.swap()
		return
	}
	for i, p := range e.ps {
		for j, v := range p.Value {
			p.Value[j], e.average[i][j] = e.average[i][j], v
		}
	}
}

// State returns the averages as ema.NAME, and ema_updates. The arrays share memory with the EMA.
func (e *EMA[F]) State() []params.Array {
	out := []params.Array{{Name: "ema_updates", Shape: []int{1}, Data: e.count}}
	for i, p := range e.ps {
		out = append(out, params.Array{Name: params.AveragePrefix + p.Name, Shape: p.Shape, Data: e.average[i]})
	}
	return out
}

// Restore copies a saved State into this average. It changes nothing unless every array is present with its
// shape and type.
func (e *EMA[F]) Restore(saved []params.Array) error { return params.Restore(e.State(), saved) }
