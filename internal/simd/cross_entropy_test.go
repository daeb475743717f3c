package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestCrossEntropy(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkCrossEntropy[float32](t)
		checkCrossEntropy[float64](t)
	})
}

func checkCrossEntropy[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	for _, n := range append([]int{50304, 70001}, rowLengths...) {
		logits, target := simdtest.Normals[F](r, n), r.IntN(n)
		for i := range logits {
			logits[i] = logits[i]*5 + 300 // exp would overflow a float32 without the maximum taken off
		}
		var sum float64
		top := 0
		for i, x := range logits {
			if x > logits[top] {
				top = i
			}
		}
		for _, x := range logits {
			sum += math.Exp(float64(x - logits[top]))
		}
		wantLoss := math.Log(sum) + float64(logits[top]-logits[target])
		want := make([]float64, n)
		for i, x := range logits {
			want[i] = 0.25 * math.Exp(float64(x-logits[top])) / sum
		}
		want[target] -= 0.25
		nll, arg := CrossEntropy(logits, target)
		within(t, "loss", []F{nll}, []float64{wantLoss}, tolerance[F]())
		d := make([]F, n)
		nll2, arg2 := CrossEntropyBackward(d, logits, target, 0.25)
		within(t, "loss of backward", []F{nll2}, []float64{wantLoss}, tolerance[F]())
		within(t, "gradient", d, want, tolerance[F]())
		if arg != top || arg2 != top {
			t.Errorf("argmax %d and %d, want %d", arg, arg2, top)
		}
		CrossEntropyBackward(logits, logits, target, 0.25)
		within(t, "in place", logits, simdtest.Widen(d), 0)
	}
}

func TestCrossEntropyOfSpecialValues(t *testing.T) {
	inf := float32(math.Inf(1))
	simdtest.OnEachPath(t, func(t *testing.T) {
		if nll, _ := CrossEntropy([]float32{-inf, 0, -inf}, 1); nll != 0 {
			t.Errorf("a certain row costs %v nats", nll)
		}
		if nll, _ := CrossEntropy([]float32{-inf, 0, 0}, 0); nll != inf {
			t.Errorf("an impossible target costs %v nats", nll)
		}
		if nll, _ := CrossEntropy([]float32{0, float32(math.NaN()), 0}, 0); nll == nll {
			t.Errorf("NaN was lost: %v nats", nll)
		}
	})
}

func TestCrossEntropyPanics(t *testing.T) {
	x := make([]float32, 10)
	testPanics(t, map[string]func(){
		"no such class":       func() { CrossEntropy(x, 10) },
		"negative class":      func() { CrossEntropyBackward(x, x, -1, 1) },
		"length of dlogits":   func() { CrossEntropyBackward(x[:9], x, 1, 1) },
		"dlogits over logits": func() { CrossEntropyBackward(x[:5], x[1:6], 1, 1) },
	})
}
