package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/cpu"
	"goomtrain/internal/simd/floats"
	"goomtrain/internal/simd/simdtest"
)

// TestRowsAgainstDefinition: with integers, every order of addition is exact.
func TestRowsAgainstDefinition(t *testing.T) {
	t.Run("float32", rowsAgainstDefinition[float32])
	t.Run("float64", rowsAgainstDefinition[float64])
}

func rowsAgainstDefinition[F floats.Float](t *testing.T) {
	cpu.EachPath(func(path string) {
		r := rand.New(rand.NewPCG(3, 4))
		for range simdtest.Rounds(300) {
			g := randomCase(r, 90)
			g.transA, g.alpha, g.beta = false, 1, float64(r.IntN(2))
			if r.IntN(4) == 0 {
				g.m = 1
			}
			_, colsB := stored(g.transB, g.k, g.n)
			rowsB, _ := stored(g.transB, g.k, g.n)
			lda, ldb, ldc := max(1, g.k+g.padA), max(1, colsB+g.padB), max(1, g.n+g.padC)
			a, b, c := matrix[F](r, g.m, g.k, lda), matrix[F](r, rowsB, colsB, ldb), matrix[F](r, g.m, g.n, ldc)
			var bias, d []F
			if g.bias {
				bias = simdtest.Integers[F](r, g.n)
			}
			switch {
			case g.residual:
				d = matrix[F](r, g.m, g.n, ldc)
			case g.beta == 1:
				d = c
			}
			before := append([]F(nil), d...)
			if g.residual || g.beta == 0 {
				for i := range c {
					c[i] = F(math.NaN())
				}
			}
			product := g
			product.bias, product.beta = false, 0
			want := naive(product, a, lda, b, ldb, nil, c, ldc)
			for i := range g.m {
				for j := range g.n {
					if d != nil {
						want[i*ldc+j] += before[i*ldc+j]
					}
					if bias != nil {
						want[i*ldc+j] += bias[j]
					}
				}
			}
			Rows(g.transB, g.m, g.n, g.k, a, lda, b, ldb, d, ldc, bias, c, ldc)
			for i := range c {
				if c[i] != want[i] && (c[i] == c[i] || want[i] == want[i]) {
					t.Fatalf("%s %v: at (%d,%d) got %v, want %v", path, g, i/ldc, i%ldc, c[i], want[i])
				}
			}
		}
	})
}

// TestRowsAreIndependent: a row has the same bits alone and among others, with every number of threads and, where they are
// fused, with vectors of 256 and of 512 bits. Magnitudes go down to where products underflow.
func TestRowsAreIndependent(t *testing.T) {
	t.Run("float32", rowsAreIndependent[float32])
	t.Run("float64", rowsAreIndependent[float64])
}

func rowsAreIndependent[F floats.Float](t *testing.T) {
	defer simd.SetThreads(0)
	r := rand.New(rand.NewPCG(5, 6))
	for round := range simdtest.Rounds(60) {
		m, n, k, transB := 1+r.IntN(40), 1+r.IntN(200), 1+r.IntN(90), round%2 == 0
		if round%10 < 2 { // more than a block of any path
			m, n, k = 1+r.IntN(20), 1+r.IntN(600), 200+r.IntN(1200)
		}
		scale := []float64{1, 1e-20, 1e-22, 1e15}[round%4]
		a, b, d := make([]F, m*k), make([]F, k*n), make([]F, m*n)
		for _, x := range [][]F{a, b, d} {
			for i := range x {
				x[i] = F(scale * r.NormFloat64())
			}
		}
		if round%3 == 0 {
			d = nil
		}
		ldb := n
		if transB {
			ldb = k
		}
		fused := map[bool][]F{}
		cpu.EachPath(func(path string) {
			c, one := make([]F, m*n), make([]F, n)
			for _, threads := range []int{3, 2, 1} {
				simd.SetThreads(threads)
				Rows(transB, m, n, k, a, k, b, ldb, d, n, nil, c, n)
				for i := range m {
					var di []F
					if d != nil {
						di = d[i*n:][:n]
					}
					Rows(transB, 1, n, k, a[i*k:], k, b, ldb, di, n, nil, one, n)
					for j := range one {
						if !same(one[j], c[i*n+j]) {
							t.Fatalf("%s m=%d n=%d k=%d transB=%v, %d threads: (%d,%d) is %v alone, %v among others", path, m, n, k, transB, threads, i, j, one[j], c[i*n+j])
						}
					}
				}
			}
			if before := fused[path != "portable"]; before != nil {
				for i := range c {
					if !same(before[i], c[i]) {
						t.Fatalf("m=%d n=%d k=%d transB=%v: element %d is %v by 512 bits, %v by 256", m, n, k, transB, i, before[i], c[i])
					}
				}
			}
			fused[path != "portable"] = c
		})
	}
}

// TestRowsOfNegativeZeros: where all products underflow to -0, the sign of the sum is that of a row alone too.
func TestRowsOfNegativeZeros(t *testing.T) {
	const m, n = 5, 8
	for k := 1; k <= 40; k++ {
		a, b, c, one := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n), make([]float32, n)
		for i := range a {
			a[i] = 1e-30
		}
		for i := range b {
			b[i] = -1e-30
		}
		Rows(true, m, n, k, a, k, b, k, nil, 0, nil, c, n)
		Rows(true, 1, n, k, a, k, b, k, nil, 0, nil, one, n)
		for i := range c {
			if !same(c[i], one[i%n]) {
				t.Fatalf("k=%d: element %d is %v, alone %v", k, i, c[i], one[i%n])
			}
		}
	}
}

// same compares bits: of zeros, the signs too.
func same[F floats.Float](x, y F) bool {
	return x == y && math.Signbit(float64(x)) == math.Signbit(float64(y)) || x != x && y != y
}

// TestRowsNaN: NaN of a row of A gets into that row alone, NaN of B into its column.
func TestRowsNaN(t *testing.T) {
	const m, n, k = 9, 20, 37
	for _, transB := range []bool{false, true} {
		a, b, c := simdtest.Ones(m*k), simdtest.Ones(k*n), make([]float32, m*n)
		a[5*k+36] = float32(math.NaN())
		ldb, at := n, 11*n+3
		if transB {
			ldb, at = k, 3*k+11
		}
		b[at] = float32(math.NaN())
		Rows(transB, m, n, k, a, k, b, ldb, nil, 0, nil, c, n)
		for i := range m {
			for j := range n {
				if x := c[i*n+j]; (x != x) != (i == 5 || j == 3) {
					t.Errorf("transB=%v: (%d,%d) is %v", transB, i, j, x)
				}
			}
		}
	}
}

func TestRowsRefuses(t *testing.T) {
	x := make([]float32, 100)
	for want, d := range map[string]struct{ n, ldd, bias int }{
		"D has 15 elements, rows 8 apart": {15, 8, 8}, "rows 7 apart": {30, 7, 8}, "rows -1 apart": {16, -1, 8}, "rows 0 apart": {16, 0, 8}, "bias has 7 elements": {16, 8, 7},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, "Rows: ") || !strings.Contains(got, want) {
					t.Errorf("%+v: panic %q, want one with %q", d, got, want)
				}
			}()
			Rows(false, 2, 8, 3, x, 3, x[6:], 8, x[50:50+d.n], d.ldd, x[90:90+d.bias], make([]float32, 16), 8)
		}()
	}
}

func BenchmarkRows(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, m := range []int{1, 4, 64} {
			for _, s := range [][2]int{{128, 128}, {512, 128}, {128, 512}, {1536, 384}, {2048, 512}} {
				for _, transB := range []bool{false, true} {
					b.Run(fmt.Sprintf("%dcore/%dx%dx%d/transB=%v", threads, m, s[0], s[1], transB), func(b *testing.B) {
						n, k := s[0], s[1]
						x, y, c := simdtest.Ones(m*k), simdtest.Ones(k*n), simdtest.Ones(m*n)
						_, ldb := stored(transB, k, n)
						ratioToPeak(b, 2*float64(m)*float64(n)*float64(k), threads, func() { Rows(transB, m, n, k, x, k, y, ldb, nil, 0, nil, c, n) })
					})
				}
			}
		}
	}
}
