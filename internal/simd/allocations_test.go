package simd

import (
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestPrimitivesAllocateNothing(t *testing.T) {
	x, y := simdtest.Ones(300), make([]float32, 300)
	z, w := simdtest.Ones(300), simdtest.Ones(300)
	if n := testing.AllocsPerRun(50, func() {
		Exp(y, x)
		Sum(x)
		Dot(x, y)
		ArgMax(x)
		LayerNorm(y, x, z, w, 1e-5)
		GLU(y[:150], x)
		CrossEntropyBackward(y, x, 3, 1)
		AdamW(x, y, z, w, AdamWStep[float32]{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Correction1: 1, Correction2: 1, GradScale: 1})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
