package dense

import "goomtrain/internal/simd"

// LinearNaive is Linear by its definition; bias and residual may be nil.
func LinearNaive[F simd.Float](rows, in, out int, transposed bool, x, w, bias, residual []F) (y []F) {
	y = make([]F, rows*out)
	for r := range rows {
		for j := range out {
			var s F
			for i := range in {
				if transposed {
					s += x[r*in+i] * w[j*in+i]
				} else {
					s += x[r*in+i] * w[i*out+j]
				}
			}
			if bias != nil {
				s += bias[j]
			}
			if residual != nil {
				s += residual[r*out+j]
			}
			y[r*out+j] = s
		}
	}
	return y
}
