package simd

import "fmt"

// CrossEntropy returns, for one row of logits [S], the negative log-likelihood -log softmax(logits)[target]
// in nats and the index of the largest logit. It panics if target is not in [0, S).
func CrossEntropy[F Float](logits []F, target int) (nll F, argmax int) {
	checkTarget("CrossEntropy", len(logits), target)
	argmax = ArgMax(logits)
	top := logits[argmax]
	return rowLoss(expSumOnly(logits, top), top, logits[target]), argmax
}

// CrossEntropyBackward is CrossEntropy and its gradient: dlogits [S] = scale * (softmax(logits) - onehot(target)).
// dlogits is overwritten and may be logits.
func CrossEntropyBackward[F Float](dlogits, logits []F, target int, scale F) (nll F, argmax int) {
	checkTarget("CrossEntropyBackward", len(logits), target)
	checkMap("CrossEntropyBackward", dlogits, logits)
	argmax = ArgMax(logits)
	top, hit := logits[argmax], logits[target] // dlogits may be logits
	sum := ExpSum(dlogits, logits, top)
	Scale(dlogits, scale/sum, dlogits)
	dlogits[target] -= scale
	return rowLoss(sum, top, hit), argmax
}

// rowLoss is log(sum) + (top - hit), rounded once: the loss of a row whose largest logit is top and whose target has
// the logit hit, with sum the sum of exp(logit - top).
func rowLoss[F Float](sum, top, hit F) F {
	return F(Log64(float64(sum)) + (float64(top) - float64(hit)))
}

func checkTarget(name string, size, target int) {
	if target < 0 || target >= size {
		panic(fmt.Sprintf("simd: %s: target %d is not one of %d classes", name, target, size))
	}
}
