package taylor

import "math"

// Weight returns the weight of a score in Taylor attention of that many terms, a polynomial, and its
// derivative: with it multihead.Naive is the definition that Kernel is tested against.
func Weight(terms int) func(s float64) (w, slope float64) {
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

// NaiveFeatures is the feature map of one vector by its definition, one multiset of indices at a time: the
// contract that Features is tested against.
type NaiveFeatures struct {
	X     []float64 // [K]
	Terms int       // P
}

// each calls f for every monomial of degrees 0..P-1, in lexicographic order. counts says how often each
// index is in it.
func (n NaiveFeatures) each(f func(counts []int, degree int)) {
	for degree := range n.Terms {
		counts := make([]int, len(n.X))
		var visit func(from, left int)
		visit = func(from, left int) {
			if left == 0 {
				f(counts, degree)
				return
			}
			for i := from; i < len(n.X); i++ {
				counts[i]++
				visit(i, left-1)
				counts[i]--
			}
		}
		visit(0, degree)
	}
}

// weight returns the factor of a monomial.
func (n NaiveFeatures) weight(counts []int, degree int) float64 {
	w := math.Pow(float64(len(n.X)), -float64(degree)/2)
	for _, c := range counts {
		w /= math.Gamma(float64(c) + 1)
	}
	return math.Sqrt(w)
}

// Forward returns the features [m].
func (n NaiveFeatures) Forward() (phi []float64) {
	n.each(func(counts []int, degree int) {
		monomial := n.weight(counts, degree)
		for i, c := range counts {
			monomial *= math.Pow(n.X[i], float64(c))
		}
		phi = append(phi, monomial)
	})
	return phi
}

// Backward returns the gradient [K] of sum(dphi * phi).
func (n NaiveFeatures) Backward(dphi []float64) (dx []float64) {
	dx = make([]float64, len(n.X))
	j := 0
	n.each(func(counts []int, degree int) {
		for by := range dx { // x_by^c has the slope c x_by^(c-1)
			if counts[by] == 0 {
				continue
			}
			slope := dphi[j] * n.weight(counts, degree)
			for i, c := range counts {
				if i == by {
					slope *= float64(c)
					c--
				}
				slope *= math.Pow(n.X[i], float64(c))
			}
			dx[by] += slope
		}
		j++
	})
	return dx
}
