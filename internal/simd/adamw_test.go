package simd

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"goomtrain/internal/simd/simdtest"
)

// Three steps against the update written out in float64.
func TestAdamW(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkAdamW[float32](t)
		checkAdamW[float64](t)
	})
}

func checkAdamW[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	for _, n := range append([]int{70000}, rowLengths...) {
		value, m, v := simdtest.Normals[F](r, n), make([]F, n), make([]F, n)
		want, m64, v64 := simdtest.Widen(value), make([]float64, n), make([]float64, n)
		const lr, beta1, beta2, eps, decay, scale = 0.01, 0.9, 0.99, 1e-8, 0.1, 0.5
		for step := 1; step <= 3; step++ {
			grad := simdtest.Normals[F](r, n)
			c1, c2 := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
			AdamW(value, grad, m, v, AdamWStep[F]{LR: lr, Beta1: beta1, Beta2: beta2, Eps: eps, Decay: decay, Correction1: F(c1), Correction2: F(c2), GradScale: scale})
			for i := range want {
				g := float64(grad[i]) * scale
				m64[i] = beta1*m64[i] + (1-beta1)*g
				v64[i] = beta2*v64[i] + (1-beta2)*g*g
				want[i] -= lr * (m64[i]/c1/(math.Sqrt(v64[i]/c2)+eps) + decay*want[i])
			}
		}
		within(t, "value", value, want, tolerance[F]())
		within(t, "m", m, m64, tolerance[F]())
		within(t, "v", v, v64, 10*tolerance[F]()) // 1 - 0.99 in float32 is good to 6 digits
	}
}

// The assembly reads the factors by position.
func TestAdamWFactorsAreNineFloats(t *testing.T) {
	var h adamWFactors[float32]
	if unsafe.Sizeof(h) != 36 || unsafe.Offsetof(h.keep) != 20 || unsafe.Offsetof(h.eps) != 32 {
		t.Errorf("adamWFactors has changed: %+v", h)
	}
}

func TestAdamWPanics(t *testing.T) {
	x := make([]float32, 10)
	testPanics(t, map[string]func(){
		"moments overlap": func() { AdamW(x[:2], x[2:4], x[4:6], x[5:7], AdamWStep[float32]{}) },
		"value is grad":   func() { AdamW(x[:2], x[:2], x[4:6], x[6:8], AdamWStep[float32]{}) },
		"lengths":         func() { AdamW(x[:2], x[2:4], x[4:6], x[6:9], AdamWStep[float32]{}) },
	})
}
