package multihead

import "math"

// Naive is an attention by its definition, in float64: the contract that the fast kernels are tested
// against. A query whose weights sum to zero gives y = 0 and has no gradient.
//
// With Past > 0 it is one stretch of a stream: every query sees the first Past positions of K and V,
// and no gradient flows into them.
type Naive struct {
	Size
	Window  int       // keys that a causal query sees, itself among them; 0: all
	Past    int       // positions of K and V that come before those of the size
	Q, K, V []float64 // [B, Queries, H, K], [B, Past+Keys, H, K], [B, Past+Keys, H, V]
	Weight  func(s float64) (w, slope float64)
}

func (a Naive) query(b, t, h int) []float64 { return row(a.Q, b*a.Queries+t, h, a.Heads, a.DKey) }
func (a Naive) key(b, j, h int) []float64   { return row(a.K, b*(a.Past+a.Keys)+j, h, a.Heads, a.DKey) }
func (a Naive) value(b, j, h int) []float64 {
	return row(a.V, b*(a.Past+a.Keys)+j, h, a.Heads, a.DValue)
}

// row returns the numbers of head h in row r of a tensor [R, heads, width].
func row(x []float64, r, h, heads, width int) []float64 {
	packed := Packed(x, heads, width)
	return packed.Row(r, h, width)
}

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// weights returns w_tj and its derivative by the score for every j up to the last that query t sees, 0 before its window.
func (a Naive) weights(b, t, h int) (w, slope []float64, total float64) {
	seen := a.Past + a.Keys
	if a.Causal {
		seen = a.Past + t + 1
	}
	w, slope = make([]float64, seen), make([]float64, seen)
	first := 0
	if a.Window > 0 {
		first = max(0, seen-a.Window)
	}
	for j := first; j < seen; j++ {
		w[j], slope[j] = a.Weight(dot(a.query(b, t, h), a.key(b, j, h)) / math.Sqrt(float64(a.DKey)))
		total += w[j]
	}
	return w, slope, total
}

// each calls f for every query of every head.
func (a Naive) each(f func(b, t, h int)) {
	for b := range a.Batch {
		for t := range a.Queries {
			for h := range a.Heads {
				f(b, t, h)
			}
		}
	}
}

// Forward returns y [B, Queries, H, V].
func (a Naive) Forward() (y []float64) {
	y = make([]float64, a.Batch*a.Queries*a.Heads*a.DValue)
	a.each(func(b, t, h int) {
		w, _, total := a.weights(b, t, h)
		if total == 0 {
			return
		}
		out := row(y, b*a.Queries+t, h, a.Heads, a.DValue)
		for j := range w {
			for i, v := range a.value(b, j, h) {
				out[i] += w[j] * v
			}
		}
		for i := range out {
			out[i] /= total
		}
	})
	return y
}

// Backward returns the gradients of sum(dy * y) with respect to the queries [B, Queries, H, K] and to
// the keys and values after the first Past [B, Keys, H, K or V].
func (a Naive) Backward(dy []float64) (dq, dk, dv []float64) {
	dq = make([]float64, len(a.Q))
	dk, dv = make([]float64, a.Batch*a.Keys*a.Heads*a.DKey), make([]float64, a.Batch*a.Keys*a.Heads*a.DValue)
	y := a.Forward()
	a.each(func(b, t, h int) {
		w, slope, total := a.weights(b, t, h)
		if total == 0 {
			return
		}
		g, out := row(dy, b*a.Queries+t, h, a.Heads, a.DValue), row(y, b*a.Queries+t, h, a.Heads, a.DValue)
		q, dqt := a.query(b, t, h), row(dq, b*a.Queries+t, h, a.Heads, a.DKey)
		for j := range w {
			k := a.key(b, j, h)
			ds := slope[j] * (dot(g, a.value(b, j, h)) - dot(g, out)) / total / math.Sqrt(float64(a.DKey))
			for i := range dqt {
				dqt[i] += ds * k[i]
			}
			if j < a.Past {
				continue
			}
			dkj := row(dk, b*a.Keys+j-a.Past, h, a.Heads, a.DKey)
			for i := range dkj {
				dkj[i] += ds * q[i]
			}
			dvj := row(dv, b*a.Keys+j-a.Past, h, a.Heads, a.DValue)
			for i := range dvj {
				dvj[i] += w[j] * g[i] / total
			}
		}
	})
	return dq, dk, dv
}
