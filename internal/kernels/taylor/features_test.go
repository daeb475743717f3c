package taylor

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// featureSizes are pairs of K and P; the last ones have several groups.
var featureSizes = [][2]int{{1, 1}, {1, 8}, {2, 2}, {3, 6}, {5, 4}, {8, 4}, {4, 8}, {16, 4}, {9, 6}}

// TestFeaturesEqualNaive compares with the definition, in the form for many vectors and in that for one.
func TestFeaturesEqualNaive(t *testing.T) {
	kerneltest.Both(t, testFeatures[float32], testFeatures[float64])
}

func testFeatures[F simd.Float](t *testing.T) {
	for _, size := range featureSizes {
		k, p := size[0], size[1]
		const n = 3
		f := NewFeatures[F](k, p)
		x, dphi := kerneltest.Normal[F]("x", n*k), kerneltest.Normal[F]("dphi", n*f.Len())
		phi, dx, m := kerneltest.Poisoned[F](f.Len()*n), kerneltest.Poisoned[F](n*k), f.oneMemory()
		f.Forward(phi, x)
		f.Backward(dx, x, dphi)
		column := func(v []F, r int) []float64 { // of vector r in [m, n]
			out := make([]float64, f.Len())
			for j := range out {
				out[j] = float64(v[j*n+r])
			}
			return out
		}
		tolerance := kerneltest.Tolerance[F](1e-6, 1e-14)
		for r := range n {
			naive := NaiveFeatures{kerneltest.Widen(x[r*k : (r+1)*k]), p}
			want := naive.Forward()
			kerneltest.Near(t, fmt.Sprint(size), column(phi, r), want, tolerance)
			f.single(m, x[r*k:(r+1)*k])
			kerneltest.Near(t, fmt.Sprint(size, " one"), m.phi[:f.Len()], want, tolerance)
			kerneltest.Near(t, fmt.Sprint(size, " dx"), dx[r*k:(r+1)*k], naive.Backward(column(dphi, r)), 20*tolerance)
		}
	}
}

// TestNaiveFeaturesGradient compares the gradient of the definition with finite differences.
func TestNaiveFeaturesGradient(t *testing.T) {
	for _, size := range featureSizes {
		n := NaiveFeatures{kerneltest.Normal[float64]("x", size[0]), size[1]}
		dphi := kerneltest.Normal[float64]("dphi", CountFeatures(size[0], size[1]))
		loss := func() float64 { return kerneltest.Dot(n.Forward(), dphi) }
		gradcheck.Check(t, fmt.Sprint(size), loss, n.X, n.Backward(dphi), gradcheck.Options{})
	}
}

// TestFeatureProducts: inner products of features are the Taylor polynomial of the score.
func TestFeatureProducts(t *testing.T) {
	for _, size := range featureSizes {
		k, p := size[0], size[1]
		x, y := kerneltest.Normal[float64]("x", k), kerneltest.Normal[float64]("y", k)
		a, b := NaiveFeatures{x, p}.Forward(), NaiveFeatures{y, p}.Forward()
		want, _ := Weight(p)(kerneltest.Dot(x, y) / math.Sqrt(float64(k)))
		if got := kerneltest.Dot(a, b); math.Abs(got-want) > 1e-12*math.Max(1, kerneltest.Dot(a, a)) {
			t.Errorf("%v: %v, want %v", size, got, want)
		}
	}
}
