package dense

import (
	"math"

	"goomtrain/internal/simd"
)

// LayerNormNaive is LayerNorm by its definition, in float64.
func LayerNormNaive[F simd.Float](rows, width int, x, weight, bias []F) (y []F) {
	y = make([]F, rows*width)
	for r := range rows {
		row := x[r*width : (r+1)*width]
		var mean, variance float64
		for _, v := range row {
			mean += float64(v) / float64(width)
		}
		for _, v := range row {
			variance += (float64(v) - mean) * (float64(v) - mean) / float64(width)
		}
		rstd := 1 / math.Sqrt(variance+LayerNormEps)
		for i, v := range row {
			y[r*width+i] = F((float64(v)-mean)*rstd*float64(weight[i]) + float64(bias[i]))
		}
	}
	return y
}
