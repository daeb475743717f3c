package gla

import "goomtrain/internal/simd"

// valueGradients computes dv of some value channels of one head: linear attention backward in time, with the adjoint
// of the state for the state. What is left of that before the first token it writes to left, if that is not nil.
func (k *Kernel[F]) valueGradients(b, h, i int) {
	v0, v1 := part(i, k.valueParts, k.DValue)
	s := k.pool.Take()
	columns, behind := v1-v0, k.decayOf(s.last, 0, k.DKey)
	adjoint := s.adjoint[:k.DKey*columns]
	k.load(adjoint, k.dEnd, b, h, v0, v1)
	fill(behind, 1)
	for t := (k.Time - 1) / stretchTokens * stretchTokens; t >= 0; t -= stretchTokens {
		d := k.stretchAt(b, h, t)
		q, keys := k.plain(s, b, h, t)
		for i := len(d.blocks) - 2; i >= 0; i-- {
			enter(s.factors, d.lastOf(i, 0, k.DKey), behind)
			simd.ScaleRows(adjoint, adjoint, s.factors)
			at, n := d.blocks[i], d.blocks[i+1]-d.blocks[i]
			simd.LinearSteps(adjoint, rows(k.Size, k.dv, k.DValue, b, t+at, h, v0), from(keys, at), from(q, at),
				rows(k.Size, k.do, k.DValue, b, t+at, h, v0), n, k.DKey, columns, true)
			copy(behind, d.firstOf(i, 0, k.DKey))
		}
	}
	if k.left != nil {
		spread(s.factors, behind)
		simd.ScaleRows(adjoint, adjoint, s.factors)
		to := k.headState(k.left, b, h)
		for r := range k.DKey {
			copy(to[r*k.DValue+v0:], adjoint[r*columns:(r+1)*columns])
		}
	}
	k.pool.Give(s)
}
