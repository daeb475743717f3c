package dense

import (
	"math"

	"goomtrain/internal/simd"
)

// GLUNaive is GLU by its definition, in float64.
func GLUNaive[F simd.Float](rows, width int, x []F) (y []F) {
	y = make([]F, rows*width)
	for r := range rows {
		for i := range width {
			a, g := float64(x[r*2*width+i]), float64(x[r*2*width+width+i])
			y[r*width+i] = F(a / (1 + math.Exp(-g)))
		}
	}
	return y
}
