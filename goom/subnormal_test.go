package goom

import (
	"math"
	"math/big"
	"testing"

	"goomtrain/rng"
)

// subnormals are numbers below the smallest normal float64, whose logarithms math.Log gets wrong on amd64.
func subnormals() []float64 {
	x := []float64{5e-324, 1e-323, 1e-320, 1e-310, 2.2250738585072009e-308}
	r := rng.New(1, "subnormals")
	for range 200 {
		x = append(x, math.Float64frombits(1+r.Uint64()>>(12+r.IntN(52))))
	}
	return x
}

// logOf is ln|x| from math/big's exponent and a logarithm of the fraction, which is an ordinary number.
func logOf(x float64) float64 {
	m := new(big.Float)
	e := new(big.Float).SetFloat64(math.Abs(x)).MantExp(m)
	f, _ := m.Float64()
	return float64(e)*math.Ln2 + math.Log(f)
}

// The logarithm of a subnormal number is right wherever one is taken.
func TestSubnormalNumbers(t *testing.T) {
	near := func(name string, x, got float64) {
		t.Helper()
		if want := logOf(x); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s of %g: logarithm %v, want %v", name, x, got, want)
		}
	}
	for _, x := range subnormals() {
		near("NumberOf", x, NumberOf(x).Log)
		near("NumberOf", x, NumberOf(-x).Log)
		near("NumberOfBig", x, NumberOfBig(new(big.Float).SetFloat64(x)).Log)
		near("Scaled", x, Scaled{Mant: -x}.Number().Log)
		near("Scaled times 2^100", x, Scaled{Mant: x, Exp: 100}.Number().Log-100*math.Ln2)
		near("MatricesOf", x, MatricesOf([]float64{x}, 1, 1, 1).Tensor().Log[0])
		near("a matrix of 1 and", x, MatricesOf([]float64{1, x}, 1, 1, 2).Tensor().Log[1])
		near("FromReal", x, FromReal([]float64{x}).Log[0])
		back := NumberOf(x).Float64()
		if math.Abs(back-x) > 1e-12*x+5e-324 {
			t.Errorf("%g comes back as %g", x, back)
		}
		one, next := New[float64](1), New[float64](1)
		one.Log[0], next.Log[0] = 0, x
		near("e^x - 1 for x =", x, Sub(next, one).Log[0])
	}
	for _, x := range []float32{1e-45, 1e-42, 1.1e-38} {
		if got, want := FromReal([]float32{-x}).Log[0], math.Log(float64(x)); math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("FromReal of %g: logarithm %v, want %v", x, got, want)
		}
	}
}

// A subnormal gradient of running sums keeps its digits: with one number the gradient is the cotangent.
func TestSubnormalGradient(t *testing.T) {
	for _, g := range []float64{5e-324, 1e-320, -1e-310} {
		x := FromReal([]float64{3})
		p := NewSums[float64](x.Shape, 0, RunningSum)
		y, dx := New[float64](1), make([]float64, 1)
		p.Forward(y, x)
		p.Backward(dx, y, x, []float64{g})
		if math.Abs(dx[0]-g) > 1e-12*math.Abs(g) {
			t.Errorf("the gradient is %g, want %g", dx[0], g)
		}
	}
}
