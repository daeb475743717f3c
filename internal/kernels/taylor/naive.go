package taylor

// Weight returns the weight of a score in Taylor attention of that many terms, a polynomial, and its
// derivative.
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
