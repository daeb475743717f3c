package gla

import "math"

// Naive is linear attention with decay by its definition, in float64: the contract that Kernel is tested against.
type Naive struct {
	Size
	Q, K, V []float64 // [B, T, H, K], [B, T, H, K], [B, T, H, V]
	G       []float64 // [B, T, H, K], [B, T, H] or [H]
	Start   []float64 // [B, H, K, V], nil for zeros
}

// decay returns where in G the logarithm of the decay is.
func (a Naive) decay(b, t, h, c int) int {
	switch a.Decay {
	case PerChannel:
		return ((b*a.Time+t)*a.Heads+h)*a.DKey + c
	case PerHead:
		return (b*a.Time+t)*a.Heads + h
	}
	return h
}

func (a Naive) key(b, t, h int) int   { return ((b*a.Time+t)*a.Heads + h) * a.DKey }
func (a Naive) value(b, t, h int) int { return ((b*a.Time+t)*a.Heads + h) * a.DValue }
func (a Naive) head(b, h int) int     { return (b*a.Heads + h) * a.DKey * a.DValue }

// states returns S_0 to S_T [T+1, K, V] of one head.
func (a Naive) states(b, h int) [][]float64 {
	all := [][]float64{make([]float64, a.DKey*a.DValue)}
	if a.Start != nil {
		copy(all[0], a.Start[a.head(b, h):])
	}
	for t := range a.Time {
		next := make([]float64, a.DKey*a.DValue)
		for c := range a.DKey {
			decay := math.Exp(a.G[a.decay(b, t, h, c)])
			for j := range a.DValue {
				i := c*a.DValue + j
				next[i] = decay*all[t][i] + a.K[a.key(b, t, h)+c]*a.V[a.value(b, t, h)+j]
			}
		}
		all = append(all, next)
	}
	return all
}

// each calls f for every head.
func (a Naive) each(f func(b, h int)) {
	for b := range a.Batch {
		for h := range a.Heads {
			f(b, h)
		}
	}
}

// Forward returns o [B, T, H, V] and the last state [B, H, K, V].
func (a Naive) Forward() (o, end []float64) {
	o, end = make([]float64, len(a.V)), make([]float64, a.Batch*a.Heads*a.DKey*a.DValue)
	a.each(func(b, h int) {
		s := a.states(b, h)
		for t := range a.Time {
			for c := range a.DKey {
				for j := range a.DValue {
					o[a.value(b, t, h)+j] += a.scale() * a.Q[a.key(b, t, h)+c] * s[t+1][c*a.DValue+j]
				}
			}
		}
		copy(end[a.head(b, h):], s[a.Time])
	})
	return o, end
}

// Backward returns the gradients of sum(do * o) + sum(dEnd * end).
func (a Naive) Backward(do, dEnd []float64) (dq, dk, dv, dg, dStart []float64) {
	dq, dk, dv, dg = make([]float64, len(a.Q)), make([]float64, len(a.K)), make([]float64, len(a.V)), make([]float64, len(a.G))
	dStart = make([]float64, len(dEnd))
	a.each(func(b, h int) {
		s := a.states(b, h)
		ds := append([]float64(nil), dEnd[a.head(b, h):][:a.DKey*a.DValue]...)
		for t := a.Time - 1; t >= 0; t-- {
			for c := range a.DKey {
				x, at := a.key(b, t, h)+c, a.decay(b, t, h, c)
				decay := math.Exp(a.G[at])
				for j := range a.DValue {
					i, y := c*a.DValue+j, a.value(b, t, h)+j
					ds[i] += a.scale() * a.Q[x] * do[y]
					dq[x] += a.scale() * s[t+1][i] * do[y]
					dk[x] += ds[i] * a.V[y]
					dv[y] += ds[i] * a.K[x]
					dg[at] += decay * ds[i] * s[t][i]
					ds[i] *= decay
				}
			}
		}
		copy(dStart[a.head(b, h):], ds)
	})
	return dq, dk, dv, dg, dStart
}
