package routing

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestMatrixExtremes: votes far apart, of which one output takes all, and activations that saturate.
func TestMatrixExtremes(t *testing.T) {
	kerneltest.Both(t, testMatrixExtremes[float32], testMatrixExtremes[float64])
}

func testMatrixExtremes[F simd.Float](t *testing.T) {
	size := MatrixSize{Batch: 2, Inputs: 9, Outputs: 4, Cov: 2, DIn: 3, DOut: 3, Iterations: 3, Epsilon: 1e-5}
	for name, change := range map[string]func(v *NaiveMatrix){
		"large votes":     func(v *NaiveMatrix) { scale(v.Mu, 1e4) },
		"small votes":     func(v *NaiveMatrix) { scale(v.Mu, 1e-6); scale(v.P.B, 1e-6) },
		"closed":          func(v *NaiveMatrix) { add(v.A, -80) },
		"open":            func(v *NaiveMatrix) { add(v.A, 80) },
		"large credit":    func(v *NaiveMatrix) { scale(v.P.Use, 1e5) },
		"negative credit": func(v *NaiveMatrix) { add(v.P.Use, -1e3) },
	} {
		for _, size.KMeans = range []bool{false, true} {
			for m := range maskOutputs + 1 {
				v := drawMatrix(size, m)
				change(&v)
				d := matrixCotangents(v)
				compareMatrix(t, fmt.Sprint(name, ", k-means ", size.KMeans, ", masking ", m), matrixResults(NewMatrix[F](size), v, d), v, d, kerneltest.Tolerance[F](2e-3, 1e-10))
			}
		}
	}
}

// TestMatrixWithoutInputs: a sample whose inputs are all masked gives zeros, variances of epsilon and no gradient.
func TestMatrixWithoutInputs(t *testing.T) {
	size := MatrixSize{Batch: 2, Inputs: 5, Outputs: 3, Cov: 2, DIn: 3, DOut: 2, Iterations: 3, Epsilon: 1e-3}
	v := drawMatrix(size, maskInputs) // the last sample
	got := matrixResults(NewMatrix[float64](size), v, matrixCotangents(v))
	for name, x := range got {
		if len(x)%size.Batch != 0 || name == "dW" || name == "dB" || name == "duse" || name == "dign" {
			continue
		}
		for i, e := range rowOf(x, 1, len(x)/size.Batch) {
			if want := map[bool]float64{true: size.Epsilon}[name == "sigma2"]; e != want {
				t.Errorf("%s[%d] is %v without inputs, want %v", name, i, e, want)
			}
		}
	}
}

// TestMatrixThreads: the same bits on any number of threads.
func TestMatrixThreads(t *testing.T) {
	for _, shared := range []bool{false, true} {
		v := drawMatrix(MatrixSize{Batch: 2, Inputs: 90, Outputs: 7, Cov: 4, DIn: 4, DOut: 4, Iterations: 3, Shared: shared, Epsilon: 1e-5}, maskPairs)
		var want map[string][]float32
		kerneltest.OnThreads(t, func(t *testing.T) {
			got := matrixResults(NewMatrix[float32](v.MatrixSize), v, matrixCotangents(v))
			if want == nil {
				want = got
			}
			for name := range want {
				kerneltest.Identical(t, name, got[name], want[name])
			}
		})
	}
}

// TestMatrixSpreadsNaN: a NaN reaches all outputs of its sample, in three iterations wherever it is.
func TestMatrixSpreadsNaN(t *testing.T) {
	size := MatrixSize{Batch: 2, Inputs: 7, Outputs: 3, Cov: 2, DIn: 2, DOut: 3, Iterations: 3, Epsilon: 1e-5}
	v := drawMatrix(size, maskless)
	d := matrixCotangents(v)
	k := NewMatrix[float64](size)
	sample := map[string]int{"a": size.Outputs, "mu": size.Outputs * size.vote(), "sigma2": size.Outputs * size.vote(), "phi": size.Inputs * size.Outputs, "da": size.Inputs, "dmu": size.Inputs * size.Cov * size.DIn}
	kerneltest.SpreadsNaN(t, map[string][]float64{"a": v.A, "mu": v.Mu, "W": v.P.W, "B": v.P.B, "use": v.P.Use, "ign": v.P.Ign, "dsigma2": d.Sigma2, "dA": d.A},
		func() map[string][]float64 { return matrixResults(k, v, d) },
		func(out string, o int, in string, i int) bool {
			per := map[string]int{"a": size.Inputs, "mu": size.Inputs * size.Cov * size.DIn, "dA": size.Outputs, "dsigma2": size.Outputs * size.vote()}[in]
			switch {
			case sample[out] == 0:
				return false
			case out[0] != 'd':
				return in[0] != 'd' && (per == 0 || o/sample[out] == i/per)
			}
			return per == 0 || o/sample[out] == i/per
		})
}

// TestMatrixAllocatesNothing after the first call.
func TestMatrixAllocatesNothing(t *testing.T) {
	for _, shared := range []bool{false, true} {
		v := drawMatrix(MatrixSize{Batch: 2, Inputs: 20, Outputs: 5, Cov: 4, DIn: 4, DOut: 4, Iterations: 3, Shared: shared, Epsilon: 1e-5}, maskPairs)
		d, k := matrixCotangents(v), NewMatrix[float64](v.MatrixSize)
		out, da, dmu, dp := poisonedOutputs[float64](v.MatrixSize), make([]float64, len(v.A)), make([]float64, len(v.Mu)), poisonedMatrix(v.P)
		kerneltest.AllocatesNothing(t, "forward and backward", func() {
			k.Forward(out, v.A, v.Mu, v.P, v.Mask)
			k.Backward(da, dmu, dp, v.A, v.Mu, v.P, v.Mask, d)
		})
	}
}

func TestMatrixSizes(t *testing.T) {
	for i := range 8 {
		size := MatrixSize{Batch: 1, Inputs: 1, Outputs: 1, Cov: 1, DIn: 1, DOut: 1, Iterations: 1, Epsilon: 1e-5}
		NewMatrix[float32](size)
		if i == 7 {
			size.Epsilon = 0
		} else {
			*[]*int{&size.Batch, &size.Inputs, &size.Outputs, &size.Cov, &size.DIn, &size.DOut, &size.Iterations}[i] = 0
		}
		kerneltest.Panics(t, fmt.Sprintf("%+v", size), func() { NewMatrix[float32](size) })
	}
}
