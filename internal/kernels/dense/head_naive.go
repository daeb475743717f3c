package dense

import (
	"math"

	"goomtrain/internal/simd"
)

// HeadNaive is the loss of Head by its definition, in float64, with its logits [R, S].
func HeadNaive[F simd.Float](rows, width, vocab int, x, w []F, targets []int32, weight F) (loss float64, logits []float64) {
	logits = make([]float64, rows*vocab)
	for r := range rows {
		row := logits[r*vocab : (r+1)*vocab]
		largest := math.Inf(-1)
		for s := range row {
			for i := range width {
				row[s] += float64(x[r*width+i]) * float64(w[s*width+i])
			}
			largest = max(largest, row[s])
		}
		if targets[r] < 0 {
			continue
		}
		sum := 0.0
		for _, l := range row {
			sum += math.Exp(l - largest)
		}
		loss += float64(weight) * (math.Log(sum) + largest - row[targets[r]])
	}
	return loss, logits
}
