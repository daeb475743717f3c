package simd

import (
	"fmt"
	"math"
)

// CrossEntropy returns, for one row of logits [S], the negative log-likelihood -log softmax(logits)[target]
// in nats and the index of the largest logit. It panics if target is not in [0, S).
func CrossEntropy[F Float](logits []F, target int) (nll F, argmax int) {
	checkTarget("CrossEntropy", len(logits), target)
	if single[F]() {
		row := as32(logits)
		argmax = argMax32(row)
		return F(logPlus(expSumOnly32(row, row[argmax]), row[argmax], row[target])), argmax
	}
	row := as64(logits)
	argmax = ArgMax(row)
	var sum float64
	for _, x := range row {
		sum += math.Exp(x - row[argmax])
	}
	return F(math.Log(sum) + (row[argmax] - row[target])), argmax
}

// CrossEntropyBackward is CrossEntropy and its gradient: dlogits [S] = scale * (softmax(logits) - onehot(target)).
// dlogits is overwritten and may be logits.
func CrossEntropyBackward[F Float](dlogits, logits []F, target int, scale F) (nll F, argmax int) {
	checkTarget("CrossEntropyBackward", len(logits), target)
	checkMap("CrossEntropyBackward", dlogits, logits)
	argmax = ArgMax(logits)
	top, hit := logits[argmax], logits[target] // before they may be overwritten
	sum := ExpSum(dlogits, logits, top)
	Scale(dlogits, scale/sum, dlogits)
	dlogits[target] -= scale
	if single[F]() {
		return F(logPlus(float32(sum), float32(top), float32(hit))), argmax
	}
	return F(math.Log(float64(sum)) + float64(top-hit)), argmax
}

// logPlus is log(sum) + (top - hit), the loss of a row, rounded once.
func logPlus(sum, top, hit float32) float32 {
	return float32(math.Log(float64(sum)) + (float64(top) - float64(hit)))
}

func checkTarget(name string, size, target int) {
	if target < 0 || target >= size {
		panic(fmt.Sprintf("simd: %s: target %d is not one of %d classes", name, target, size))
	}
}

// expSumOnlyPortable is the sum of exp(src[i] - c).
func expSumOnlyPortable(src []float32, c float32) float32 {
	var sum float64
	for _, x := range src {
		sum += math.Exp(float64(x - c))
	}
	return float32(sum)
}
