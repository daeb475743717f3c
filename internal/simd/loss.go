package simd

import "fmt"

// CrossEntropy returns, for one row of logits [S], the negative log-likelihood -log softmax(logits)[target]
// in nats and the index of the largest logit. It panics if target is not in [0, S).
func CrossEntropy[F Float](logits []F, target int) (nll F, argmax int) {
	checkTarget("CrossEntropy", len(logits), target)
	argmax = ArgMax(logits)
	top := logits[argmax]
	return logPlus(expSumOnly(logits, top), top, logits[target]), argmax
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
	return logPlus(sum, top, hit), argmax
}

// expSumOnly is ExpSum without a destination.
func expSumOnly[F Float](src []F, c F) F {
	if single[F]() {
		return F(expSumOnly32(as32(src), float32(c)))
	}
	return expSumOnlyPortable(src, c)
}

// logPlus is log(sum) + (top - hit), the loss of a row, rounded once.
func logPlus[F Float](sum, top, hit F) F {
	return F(Log64(float64(sum)) + (float64(top) - float64(hit)))
}

func checkTarget(name string, size, target int) {
	if target < 0 || target >= size {
		panic(fmt.Sprintf("simd: %s: target %d is not one of %d classes", name, target, size))
	}
}
