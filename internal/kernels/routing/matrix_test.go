package routing

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// drawMatrix draws operands that float32 holds exactly.
func drawMatrix(size MatrixSize, m masking) NaiveMatrix {
	draw := func(stream string, scale float64, count int) []float64 {
		x := kerneltest.Normal[float32](fmt.Sprint(stream, size), count)
		for i := range x {
			x[i] *= float32(scale)
		}
		return kerneltest.Widen(x)
	}
	n, o, d, i := size.Inputs, size.Outputs, size.DIn, size.inputs()
	return NaiveMatrix{MatrixSize: size, Mask: m.mask(VectorSize{Batch: size.Batch, Inputs: n, Outputs: o}),
		A: draw("a", 1, size.Batch*n), Mu: draw("mu", 1, size.Batch*n*size.Cov*d),
		P: MatrixParameters[float64]{W: draw("W", 1/math.Sqrt(float64(d)), i*o*d*size.DOut), B: draw("B", 0.3, i*o*size.vote()), Use: draw("use", 1, i*o), Ign: draw("ign", 1, i*o)}}
}

// matrixSizes are awkward: one of everything, widths that are no multiple of a vector, chunks that end within a sample.
var matrixSizes = []MatrixSize{
	{Batch: 1, Inputs: 1, Outputs: 1, Cov: 1, DIn: 1, DOut: 1, Iterations: 1},
	{Batch: 2, Inputs: 1, Outputs: 3, Cov: 2, DIn: 1, DOut: 3, Iterations: 2},
	{Batch: 2, Inputs: 5, Outputs: 1, Cov: 1, DIn: 3, DOut: 1, Iterations: 3},
	{Batch: 3, Inputs: 7, Outputs: 5, Cov: 3, DIn: 2, DOut: 3, Iterations: 3},
	{Batch: 2, Inputs: 63, Outputs: 4, Cov: 4, DIn: 4, DOut: 4, Iterations: 4},
}

// eachMatrix calls f for every size, mask, kind of parameters and of shares.
func eachMatrix(f func(name string, v NaiveMatrix)) {
	for _, size := range matrixSizes {
		for m := range maskOutputs + 1 {
			for kind := range 4 {
				size.Shared, size.KMeans, size.Epsilon = kind%2 == 1, kind/2 == 1, 1e-2
				f(fmt.Sprintf("%+v, masking %d", size, m), drawMatrix(size, m))
			}
		}
	}
}

func matrixCotangents(v NaiveMatrix) MatrixOutputs[float64] {
	d := poisonedOutputs[float64](v.MatrixSize)
	for i, x := range []*[]float64{&d.A, &d.Mu, &d.Sigma2, &d.Phi} {
		*x = kerneltest.Widen(kerneltest.Normal[float32](fmt.Sprint("cotangent", i), len(*x)))
	}
	return d
}

// matrixResults runs the kernel forward and backward and returns what it writes, by name.
func matrixResults[F simd.Float](k *Matrix[F], v NaiveMatrix, d MatrixOutputs[float64]) map[string][]F {
	a, mu := kerneltest.Narrow[F](v.A), kerneltest.Narrow[F](v.Mu)
	var p MatrixParameters[F]
	to := p.Arrays()
	for i, x := range v.P.Arrays() {
		*to[i] = kerneltest.Narrow[F](*x)
	}
	out, da, dmu, dp := poisonedOutputs[F](v.MatrixSize), kerneltest.Poisoned[F](len(a)), kerneltest.Poisoned[F](len(mu)), poisonedMatrix(p)
	k.Forward(out, a, mu, p, v.Mask)
	narrow := func(x []float64) []F {
		if x == nil {
			return nil
		}
		return kerneltest.Narrow[F](x)
	}
	k.Backward(da, dmu, dp, a, mu, p, v.Mask, MatrixOutputs[F]{narrow(d.A), narrow(d.Mu), narrow(d.Sigma2), narrow(d.Phi)})
	return namedMatrix(out, da, dmu, dp)
}

func namedMatrix[F simd.Float](out MatrixOutputs[F], da, dmu []F, dp MatrixParameters[F]) map[string][]F {
	return map[string][]F{"a": out.A, "mu": out.Mu, "sigma2": out.Sigma2, "phi": out.Phi, "da": da, "dmu": dmu, "dW": dp.W, "dB": dp.B, "duse": dp.Use, "dign": dp.Ign}
}

func TestMatrixEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testMatrixEqualsNaive[float32], testMatrixEqualsNaive[float64])
}

func testMatrixEqualsNaive[F simd.Float](t *testing.T) {
	eachMatrix(func(name string, v NaiveMatrix) {
		k, d := NewMatrix[F](v.MatrixSize), matrixCotangents(v)
		for range 2 { // the second run finds used buffers
			compareMatrix(t, name, matrixResults(k, v, d), v, d, kerneltest.Tolerance[F](1e-4, 1e-11))
			d.A, d.Phi = nil, nil
		}
	})
}

// compareMatrix compares outputs relative to their largest number, and gradients to the largest of all gradients.
func compareMatrix[F simd.Float](t *testing.T, name string, got map[string][]F, v NaiveMatrix, d MatrixOutputs[float64], tolerance float64) {
	t.Helper()
	zero := func(x *[]float64, n int) {
		if *x == nil {
			*x = make([]float64, n)
		}
	}
	out := v.Forward()
	zero(&d.A, len(out.A))
	zero(&d.Phi, len(out.Phi))
	da, dmu, dp := v.Backward(d)
	want, largest := namedMatrix(out, da, dmu, dp), 0.0
	for result, x := range want {
		if result[0] == 'd' {
			largest = max(largest, kerneltest.Largest(x))
		}
	}
	for result, x := range want {
		within := tolerance * kerneltest.Largest(x)
		if result[0] == 'd' {
			within = tolerance * largest
		}
		kerneltest.Within(t, name+" "+result, got[result], x, within)
	}
}

// TestNaiveMatrixGradients compares the gradients of the definition with finite differences.
func TestNaiveMatrixGradients(t *testing.T) {
	eachMatrix(func(name string, v NaiveMatrix) {
		d := matrixCotangents(v)
		da, dmu, dp := v.Backward(d)
		f := func() float64 {
			out := v.Forward()
			return kerneltest.Dot(out.A, d.A) + kerneltest.Dot(out.Mu, d.Mu) + kerneltest.Dot(out.Sigma2, d.Sigma2) + kerneltest.Dot(out.Phi, d.Phi)
		}
		largest := max(kerneltest.Largest(da), kerneltest.Largest(dmu))
		for _, g := range dp.Arrays() {
			largest = max(largest, kerneltest.Largest(*g))
		}
		elements := max(2, min(8, 300/(v.Inputs*v.Outputs)))
		check := func(operand string, x, g []float64) {
			if scale := kerneltest.Largest(g); scale > 0 {
				gradcheck.Check(t, name+operand, f, x, g, gradcheck.Options{Elements: elements, Step: 3e-5, Tolerance: 1e-6 * largest / scale})
			}
		}
		check(" a", v.A, da)
		check(" mu", v.Mu, dmu)
		for i, x := range v.P.Arrays() {
			check(fmt.Sprint(" parameter ", i), *x, *dp.Arrays()[i])
		}
	})
}
