package dense

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestGELUEqualsNaive compares with the definition, far into both tails and at awkward sizes.
func TestGELUEqualsNaive(t *testing.T) { kerneltest.Both(t, testGELU[float32], testGELU[float64]) }

func testGELU[F simd.Float](t *testing.T) {
	var all []F
	for v := -30.0; v <= 30; v += 0.003 {
		all = append(all, F(v))
	}
	for _, size := range []int{1, 2, 63, simd.Grain + 1, len(all)} {
		x, dy := all[:size], kerneltest.Normal[F]("dy", size)
		y, dx := kerneltest.Poisoned[F](size), kerneltest.Poisoned[F](size)
		k := NewGELU[F](size)
		k.Forward(y, x)
		k.Backward(dx, x, dy)
		naive := NaiveGELU{kerneltest.Widen(x)}
		wantY, wantX := naive.Forward(), naive.Backward(kerneltest.Widen(dy))
		for i, v := range x {
			if d := math.Abs(float64(y[i]) - wantY[i]); !(d <= kerneltest.Tolerance[F](2e-6, 1e-14)*math.Max(1, math.Abs(wantY[i]))) {
				t.Errorf("GELU(%v) = %v, want %v", v, y[i], wantY[i])
			}
			if d := math.Abs(float64(dx[i]) - wantX[i]); !(d <= kerneltest.Tolerance[F](1e-5, 1e-12)) {
				t.Errorf("the gradient of GELU at %v times %v is %v, want %v", v, dy[i], dx[i], wantX[i])
			}
		}
	}
}

// TestGELUIsNearNormal: GELU is near x times the distribution function of the normal distribution.
func TestGELUIsNearNormal(t *testing.T) {
	for v := -30.0; v <= 30; v += 0.01 {
		y, exact := NaiveGELU{[]float64{v}}.Forward()[0], v*0.5*math.Erfc(-v/math.Sqrt2)
		if math.Abs(y-exact) > 5e-4 {
			t.Errorf("GELU(%v) = %v, but x times the distribution function is %v", v, y, exact)
		}
	}
}

// gate is what GLU and SwiGLU have in common.
type gate[F simd.Float] interface {
	Forward(y, x []F)
	Backward(dx, x, dy []F)
}

type naiveGate interface {
	Forward() []float64
	Backward(dy []float64) []float64
}

func TestGatesEqualNaive(t *testing.T) { kerneltest.Both(t, testGates[float32], testGates[float64]) }

func testGates[F simd.Float](t *testing.T) {
	for _, size := range rowSizes {
		rows, width := size[0], size[1]
		x, dy := kerneltest.Normal[F]("x", rows*2*width), kerneltest.Normal[F]("dy", rows*width)
		for i := range x {
			x[i] *= 5
		}
		wide := kerneltest.Widen(x)
		for name, c := range map[string]struct {
			gate  gate[F]
			naive naiveGate
		}{
			"GLU":    {NewGLU[F](rows, width), NaiveGLU{rows, width, wide}},
			"SwiGLU": {NewSwiGLU[F](rows, width), NaiveSwiGLU{rows, width, wide}},
		} {
			y, dx := kerneltest.Poisoned[F](rows*width), kerneltest.Poisoned[F](len(x))
			c.gate.Forward(y, x)
			c.gate.Backward(dx, x, dy)
			tolerance := kerneltest.Tolerance[F](2e-6, 1e-14)
			kerneltest.Near(t, fmt.Sprint(name, size), y, c.naive.Forward(), tolerance)
			kerneltest.Near(t, fmt.Sprint(name, size, " dx"), dx, c.naive.Backward(kerneltest.Widen(dy)), tolerance)
		}
	}
}
