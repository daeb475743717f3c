package dense

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestElementwiseGatesEqualNaive compares with the definitions, far into both tails and over the block.
func TestElementwiseGatesEqualNaive(t *testing.T) {
	kerneltest.Both(t, testElementwiseGates[float32], testElementwiseGates[float64])
}

func testElementwiseGates[F simd.Float](t *testing.T) {
	for _, size := range []int{1, 2, 63, 2*gateBlock + 5} {
		x, dy := kerneltest.Normal[F]("x", size), kerneltest.Normal[F]("dy", size)
		for i := range x {
			x[i] *= 5
		}
		if size > 2 {
			copy(x, []F{-80, 80, 1000, -1e6})
		}
		wide := kerneltest.Widen(x)
		for name, c := range map[string]struct {
			kernel gate[F]
			naive  naiveGate
		}{
			"SiLU":       {NewSiLU[F](size), NaiveSiLU{wide}},
			"Sigmoid":    {NewSigmoid[F](size, 2), NaiveSigmoid{2, wide}},
			"LogSigmoid": {NewLogSigmoid[F](size, 1.0/16), NaiveLogSigmoid{1.0 / 16, wide}},
		} {
			y, dx := kerneltest.Poisoned[F](size), kerneltest.Poisoned[F](size)
			c.kernel.Forward(y, x)
			c.kernel.Backward(dx, x, dy)
			wantY := c.naive.Forward()
			for i := range y { // relative to each number itself
				if d := math.Abs(float64(y[i]) - wantY[i]); !(d <= kerneltest.Tolerance[F](1e-6, 1e-14)*math.Abs(wantY[i])+1e-30) {
					t.Fatalf("%s(%v) = %v, want %v", name, x[i], y[i], wantY[i])
				}
			}
			kerneltest.Near(t, fmt.Sprint(name, size, " dx"), dx, c.naive.Backward(kerneltest.Widen(dy)), kerneltest.Tolerance[F](2e-6, 1e-14))
		}
		up, y, dgate, dup := kerneltest.Normal[F]("up", size), kerneltest.Poisoned[F](size), kerneltest.Poisoned[F](size), kerneltest.Poisoned[F](size)
		k, naive := NewGatedSiLU[F](size), NaiveGatedSiLU{wide, kerneltest.Widen(up)}
		k.Forward(y, x, up)
		k.Backward(dgate, dup, x, up, dy)
		wantGate, wantUp := naive.Backward(kerneltest.Widen(dy))
		kerneltest.Near(t, "GatedSiLU y", y, naive.Forward(), kerneltest.Tolerance[F](2e-6, 1e-14))
		kerneltest.Near(t, "GatedSiLU dgate", dgate, wantGate, kerneltest.Tolerance[F](2e-6, 1e-14))
		kerneltest.Near(t, "GatedSiLU dup", dup, wantUp, kerneltest.Tolerance[F](2e-6, 1e-14))
	}
}

func TestSoftplusDecayEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testSoftplusDecay[float32], testSoftplusDecay[float64])
}

func testSoftplusDecay[F simd.Float](t *testing.T) {
	for _, size := range normSizes {
		rows, width := size[0], size[1]
		n := rows * width
		x, dy := kerneltest.Normal[F]("x", n), kerneltest.Normal[F]("dy", n)
		aLog, bias := kerneltest.Normal[F]("aLog", width), kerneltest.Normal[F]("bias", width)
		for i := range x {
			x[i] *= 10
		}
		x[n-1] = -60 // a decay of almost 1
		k := NewSoftplusDecay[F](rows, width)
		y, dx, daLog, dbias := kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](width), kerneltest.Poisoned[F](width)
		naive := NaiveSoftplusDecay{rows, width, kerneltest.Widen(x), kerneltest.Widen(aLog), kerneltest.Widen(bias)}
		wantY := naive.Forward()
		wantX, wantA, wantB := naive.Backward(kerneltest.Widen(dy))
		for range 2 { // a second run finds used buffers
			k.Forward(y, x, aLog, bias)
			k.Backward(dx, daLog, dbias, x, bias, y, dy)
		}
		tolerance := kerneltest.Tolerance[F](1e-5, 1e-13)
		kerneltest.Near(t, fmt.Sprint("y", size), y, wantY, tolerance)
		kerneltest.Near(t, fmt.Sprint("dx", size), dx, wantX, tolerance)
		kerneltest.Near(t, fmt.Sprint("daLog", size), daLog, wantA, tolerance)
		kerneltest.Near(t, fmt.Sprint("dbias", size), dbias, wantB, tolerance)
		if got, want := float64(y[n-1]), wantY[n-1]; math.Abs(got-want) > 1e-5*math.Abs(want) {
			t.Errorf("at x = -60: %v, want %v", got, want)
		}
	}
}
