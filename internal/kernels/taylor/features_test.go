package taylor

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// featureSizes are pairs of K and P; the last ones have several groups.
var featureSizes = [][2]int{{1, 1}, {1, 8}, {2, 2}, {3, 6}, {5, 4}, {8, 4}, {4, 8}, {16, 4}, {9, 6}}

// TestFeaturesEqualNaive compares with the definition, in the form of rows and of one vector.
func TestFeaturesEqualNaive(t *testing.T) {
	kerneltest.Both(t, testFeatures[float32], testFeatures[float64])
}

func testFeatures[F simd.Float](t *testing.T) {
	for _, size := range featureSizes {
		k, p := size[0], size[1]
		const n = 3
		f := NewFeatures[F](k, p)
		x := kerneltest.Normal[F]("x", n*k)
		phi, m := kerneltest.Poisoned[F](f.Len()*n), f.oneMemory()
		f.Forward(phi, x)
		for r := range n {
			want := NaiveFeatures(kerneltest.Widen(x[r*k:(r+1)*k]), p)
			got := make([]F, len(want))
			for j := range got {
				got[j] = phi[j*n+r]
			}
			kerneltest.Near(t, fmt.Sprint(size), got, want, kerneltest.Tolerance[F](1e-6, 1e-14))
			f.single(m, x[r*k:(r+1)*k])
			kerneltest.Near(t, fmt.Sprint(size, " one"), m.phi[:f.Len()], want, kerneltest.Tolerance[F](1e-6, 1e-14))
		}
	}
}

func TestFeaturesGradient(t *testing.T) {
	for _, size := range featureSizes {
		k, p := size[0], size[1]
		const n = 2
		f := NewFeatures[float64](k, p)
		x, dphi := kerneltest.Normal[float64]("x", n*k), kerneltest.Normal[float64]("dphi", n*f.Len())
		dx, phi := kerneltest.Poisoned[float64](n*k), kerneltest.Poisoned[float64](n*f.Len())
		f.Backward(dx, x, dphi)
		gradcheck.Check(t, fmt.Sprint(size), func() float64 { f.Forward(phi, x); return kerneltest.Dot(phi, dphi) }, x, dx, gradcheck.Options{})
	}
}

// TestFeatureProducts: inner products of features are the Taylor polynomial of the score.
func TestFeatureProducts(t *testing.T) {
	for _, size := range featureSizes {
		k, p := size[0], size[1]
		x, y := kerneltest.Normal[float64]("x", k), kerneltest.Normal[float64]("y", k)
		a, b := NaiveFeatures(x, p), NaiveFeatures(y, p)
		want, _ := Weight(p)(kerneltest.Dot(x, y) / math.Sqrt(float64(k)))
		if got := kerneltest.Dot(a, b); math.Abs(got-want) > 1e-12*math.Max(1, kerneltest.Dot(a, a)) {
			t.Errorf("%v: %v, want %v", size, got, want)
		}
	}
}

// TestFeaturesGolden holds single degrees to the reference's monomials: ours are those, times the square
// root of alpha_p C_j.
func TestFeaturesGolden(t *testing.T) {
	r := golden.NewRecorder(t, "sata_phi")
	for _, c := range golden.Load(t, "sata_phi") {
		k, p := c.Int("d_key", 0), c.Int("p", 0)
		f := NewFeatures[float64](k, p+1)
		if c.Has("outputs", "dot_power") { // (q.k)^p by the features of degree p
			dotPower(t, r, c, f, p)
			continue
		}
		x, counts := c.Input("x").Data, c.Tensor("outputs", "C").Data
		n := len(x) / k
		if m := c.Int("m", 0); m != f.Degree(p) || len(counts) != m {
			t.Fatalf("%s: %d features of degree %d, want %d", c.Name, f.Degree(p), p, m)
		}
		alpha := c.Float("alpha", 0)
		phi := kerneltest.Poisoned[float64](f.Len() * n)
		f.Forward(phi, x)
		got := make([]float64, 0, n*len(counts))
		for i := range n {
			for j, count := range counts {
				got = append(got, phi[(f.start[p]+j)*n+i]/math.Sqrt(alpha*count))
			}
		}
		r.Forward(t, c, "phi", got, 1e-12)
		if !c.Has("cotangents", "phi") {
			continue
		}
		dphi, dx := make([]float64, len(phi)), kerneltest.Poisoned[float64](len(x))
		for i := range n {
			for j, count := range counts {
				dphi[(f.start[p]+j)*n+i] = c.Cotangent("phi").Data[i*len(counts)+j] / math.Sqrt(alpha*count)
			}
		}
		f.Backward(dx, x, dphi)
		r.Gradient(t, c, "x", dx, golden.GradTolerance)
	}
}

func dotPower(t *testing.T, r *golden.Recorder, c golden.Case, f *Features[float64], p int) {
	q, k := f.oneMemory(), f.oneMemory()
	f.single(q, c.Input("q").Data)
	f.single(k, c.Input("k").Data)
	alpha := 1 / (math.Gamma(float64(p)+1) * math.Pow(float64(f.width), float64(p)/2))
	got := kerneltest.Dot(q.phi[f.start[p]:f.Len()], k.phi[f.start[p]:f.Len()]) / alpha
	r.Forward(t, c, "dot_power", []float64{got}, golden.Tolerance)
}
