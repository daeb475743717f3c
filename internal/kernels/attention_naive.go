package kernels

import "math"

// AttentionNaive is every attention y_t = sum_j w_tj v_j / sum_j w_tj with weights w_tj = f(q_t . k_j / sqrt(K))
// by its definition, forward and backward. q [B, Tq, H, K], k [B, Tk, H, K], v [B, Tk, H, V]. A row
// whose weights sum to less than tiny times their number is zero.
type AttentionNaive struct {
	AttentionSize
	Q, K, V []float64
	Weight  func(s float64) (w, slope float64)
	Tiny    float64
}

// ExpWeight makes softmax attention of AttentionNaive. Scores beyond 700 overflow.
func ExpWeight(s float64) (w, slope float64) { return math.Exp(s), math.Exp(s) }

// TaylorWeight is the polynomial of degree terms-1, and its derivative.
func TaylorWeight(terms int) func(s float64) (w, slope float64) {
	return func(s float64) (w, slope float64) {
		term := 1.0
		for p := range terms {
			w += term
			if p < terms-1 {
				slope += term
			}
			term *= s / float64(p+1)
		}
		return w, slope
	}
}

func dotNaive(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// row is the vector of a head at a position.
func row(x []float64, b, t, h, time, heads, width int) []float64 {
	at := ((b*time+t)*heads + h) * width
	return x[at : at+width]
}

// Run returns y [B, Tq, H, V] and, if dy is not nil, the gradients of sum(dy * y).
func (a AttentionNaive) Run(dy []float64) (y, dq, dk, dv []float64) {
	y = make([]float64, a.Batch*a.Queries*a.Heads*a.DValue)
	dq, dk, dv = make([]float64, len(a.Q)), make([]float64, len(a.K)), make([]float64, len(a.V))
	root := math.Sqrt(float64(a.DKey))
	for b := range a.Batch {
		for h := range a.Heads {
			for t := range a.Queries {
				q, out := row(a.Q, b, t, h, a.Queries, a.Heads, a.DKey), row(y, b, t, h, a.Queries, a.Heads, a.DValue)
				seen := a.Keys
				if a.Causal {
					seen = t + 1
				}
				total := 0.0
				for j := range seen {
					w, _ := a.Weight(dotNaive(q, row(a.K, b, j, h, a.Keys, a.Heads, a.DKey)) / root)
					total += w
					for i, v := range row(a.V, b, j, h, a.Keys, a.Heads, a.DValue) {
						out[i] += w * v
					}
				}
				degenerate := math.Abs(total) <= a.Tiny*float64(seen)
				for i := range out {
					if out[i] /= total; degenerate {
						out[i] = 0
					}
				}
				if dy == nil || degenerate {
					continue
				}
				g, dqt := row(dy, b, t, h, a.Queries, a.Heads, a.DValue), row(dq, b, t, h, a.Queries, a.Heads, a.DKey)
				for j := range seen {
					k, v := row(a.K, b, j, h, a.Keys, a.Heads, a.DKey), row(a.V, b, j, h, a.Keys, a.Heads, a.DValue)
					dkj, dvj := row(dk, b, j, h, a.Keys, a.Heads, a.DKey), row(dv, b, j, h, a.Keys, a.Heads, a.DValue)
					w, slope := a.Weight(dotNaive(q, k) / root)
					ds := slope * (dotNaive(g, v) - dotNaive(g, out)) / total / root
					for i := range dqt {
						dqt[i] += ds * k[i]
						dkj[i] += ds * q[i]
					}
					for i := range dvj {
						dvj[i] += w * g[i] / total
					}
				}
			}
		}
	}
	return y, dq, dk, dv
}
