package blas

import (
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gorgonia.org/tensor"
)

var _ tensor.BLAS = Implementation{}

func integers(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.IntN(9) - 4)
	}
	return x
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i] = float64(x[i])
	}
	return y
}

// The truth is gonum's own implementation; small integers make both exact.
func TestProductsAgreeWithGonum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	ours, theirs := Implementation{}, gonum.Implementation{}
	for range 200 {
		m, n, k := 1+r.IntN(40), 1+r.IntN(40), 1+r.IntN(40)
		tA, tB := []blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans}[r.IntN(3)], []blas.Transpose{blas.NoTrans, blas.Trans}[r.IntN(2)]
		alpha, beta := float32(r.IntN(3)), float32(r.IntN(3)-1)
		ld := 40 + r.IntN(5)
		a, b, c := integers(r, 40*ld), integers(r, 40*ld), integers(r, 40*ld)
		want := append([]float32(nil), c...)
		c64, want64 := widen(c), widen(c)
		ours.Sgemm(tA, tB, m, n, k, alpha, a, ld, b, ld, beta, c, ld)
		theirs.Sgemm(tA, tB, m, n, k, alpha, a, ld, b, ld, beta, want, ld)
		ours.Dgemm(tA, tB, m, n, k, float64(alpha), widen(a), ld, widen(b), ld, float64(beta), c64, ld)
		theirs.Dgemm(tA, tB, m, n, k, float64(alpha), widen(a), ld, widen(b), ld, float64(beta), want64, ld)
		if !slices.Equal(c, want) || !slices.Equal(c64, want64) {
			t.Fatalf("gemm %c %c m=%d n=%d k=%d alpha=%v beta=%v differs", tA, tB, m, n, k, alpha, beta)
		}
		for _, inc := range []int{1, 2, -1} {
			lenX, lenY := n, m
			if tA != blas.NoTrans {
				lenX, lenY = m, n
			}
			step := max(inc, -inc) // gonum clears all of a longer y
			x, y := integers(r, (lenX-1)*step+1), integers(r, (lenY-1)*step+1)
			want := append([]float32(nil), y...)
			ours.Sgemv(tA, m, n, alpha, a, ld, x, inc, beta, y, inc)
			theirs.Sgemv(tA, m, n, alpha, a, ld, x, inc, beta, want, inc)
			if !slices.Equal(y, want) {
				t.Fatalf("gemv %c m=%d n=%d alpha=%v beta=%v inc=%d:\n%v\n%v", tA, m, n, alpha, beta, inc, y, want)
			}
		}
	}
}

func TestIllegalTransposeIsRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("accepted")
		}
	}()
	Implementation{}.Sgemm('x', blas.NoTrans, 1, 1, 1, 1, []float32{1}, 1, []float32{1}, 1, 0, []float32{1}, 1)
}
