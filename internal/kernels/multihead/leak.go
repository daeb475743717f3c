package multihead

import "goomtrain/internal/simd"

// MayLeak reports whether the outputs y [B, Tq, H, V] of causal queries of a head from position t on, which a kernel
// computed together, may have been reached by values that they do not see. A kernel multiplies those by weights of
// zero, and zero times NaN or infinity is NaN. The first of the queries has all the zeros of the others, so if its
// output has no NaN nothing has leaked. Otherwise each query is to be computed alone, with the values that it sees.
func MayLeak[F simd.Float](s Size, y []F, task, t int) bool {
	at := ((task/s.Heads*s.Queries+t)*s.Heads + task%s.Heads) * s.DValue
	largest := simd.Max(y[at : at+s.DValue])
	return s.Causal && largest != largest
}
