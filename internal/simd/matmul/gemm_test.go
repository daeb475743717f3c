package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
	"goomtrain/internal/simd/simdtest"
)

// Matrices of small integers make every order of summation exact, so the fast product, the naive one
// and float64 compare with ==.

// gemmCase is one product to compare with the naive triple loop.
type gemmCase struct {
	m, n, k          int
	transA, transB   bool
	alpha, beta      float64
	padA, padB, padC int // added to the row strides
	bias             bool
}

func (g gemmCase) String() string {
	return fmt.Sprintf("m=%d n=%d k=%d transA=%v transB=%v alpha=%v beta=%v pads=%d,%d,%d bias=%v",
		g.m, g.n, g.k, g.transA, g.transB, g.alpha, g.beta, g.padA, g.padB, g.padC, g.bias)
}

// stored returns the sizes of a stored operand: rows x cols transposed or not.
func stored(trans bool, rows, cols int) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}

// matrix returns rows x cols small integers with NaN in the padding columns, which nobody may read
// into a result, of exactly the least legal length.
func matrix[F floats.Float](r *rand.Rand, rows, cols, ld int) []F {
	x := simdtest.Integers[F](r, max(0, (rows-1)*ld+cols))
	for i := range rows {
		for j := cols; j < ld && i*ld+j < len(x); j++ {
			x[i*ld+j] = F(math.NaN())
		}
	}
	return x
}

// naive is the definition, in float64, on copies of the operands.
func naive[F floats.Float](g gemmCase, a []F, lda int, b []F, ldb int, bias, c []F, ldc int) []F {
	want := append([]F(nil), c...)
	for i := range g.m {
		for j := range g.n {
			var s float64
			for p := range g.k {
				x, y := a[min(i*lda+p, len(a)-1)], b[min(p*ldb+j, len(b)-1)]
				if g.transA {
					x = a[p*lda+i]
				}
				if g.transB {
					y = b[j*ldb+p]
				}
				s += float64(x) * float64(y)
			}
			s *= g.alpha
			switch {
			case g.bias:
				s += float64(bias[j])
			case g.beta != 0:
				s += g.beta * float64(c[i*ldc+j])
			}
			want[i*ldc+j] = F(s)
		}
	}
	return want
}

// checkGemmCase compares Gemm or Serial (or WithBias) with the definition. With beta 0 the output is
// NaN beforehand: not to be read, all of it to be written, its padding to be left alone.
func checkGemmCase[F floats.Float](t *testing.T, r *rand.Rand, g gemmCase, serial bool) {
	t.Helper()
	rowsA, colsA := stored(g.transA, g.m, g.k)
	rowsB, colsB := stored(g.transB, g.k, g.n)
	lda, ldb, ldc := max(1, colsA+g.padA), max(1, colsB+g.padB), max(1, g.n+g.padC)
	a, b, c := matrix[F](r, rowsA, colsA, lda), matrix[F](r, rowsB, colsB, ldb), matrix[F](r, g.m, g.n, ldc)
	bias := simdtest.Integers[F](r, g.n)
	if g.beta == 0 || g.bias {
		for i := range c {
			c[i] = F(math.NaN())
		}
	}
	want := naive(g, a, lda, b, ldb, bias, c, ldc)
	switch {
	case g.bias:
		WithBias(g.transA, g.transB, g.m, g.n, g.k, F(g.alpha), a, lda, b, ldb, bias, c, ldc)
	case serial:
		Serial(g.transA, g.transB, g.m, g.n, g.k, F(g.alpha), a, lda, b, ldb, F(g.beta), c, ldc)
	default:
		Gemm(g.transA, g.transB, g.m, g.n, g.k, F(g.alpha), a, lda, b, ldb, F(g.beta), c, ldc)
	}
	for i := range c {
		if c[i] != want[i] && (c[i] == c[i] || want[i] == want[i]) {
			t.Fatalf("%T %v serial=%v: at (%d,%d) got %v, want %v", c[0], g, serial, i/ldc, i%ldc, c[i], want[i])
		}
	}
}

func randomCase(r *rand.Rand, largest int) gemmCase {
	return gemmCase{
		m: r.IntN(largest + 1), n: r.IntN(largest + 1), k: r.IntN(largest + 1),
		transA: r.IntN(2) == 0, transB: r.IntN(2) == 0,
		alpha: []float64{1, 1, -1, 0.5, 0}[r.IntN(5)], beta: []float64{0, 0, 1, 1, -0.5}[r.IntN(5)],
		padA: r.IntN(4), padB: r.IntN(4), padC: r.IntN(4), bias: r.IntN(5) == 0,
	}
}

func TestGemmAgainstDefinition(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range simdtest.Rounds(1200) {
			largest := 40
			if i%50 == 0 {
				largest = 200
			}
			checkGemmCase[float32](t, r, randomCase(r, largest), i%2 == 0)
			if i%4 == 0 {
				checkGemmCase[float64](t, r, randomCase(r, largest), i%8 == 0)
			}
		}
	})
}

// The shapes at which the path of a product changes: every remainder of rows and columns, vectors,
// inner dimensions around a block's, and sizes that are split between threads.
func TestGemmAtAwkwardShapes(t *testing.T) {
	var cases []gemmCase
	for m := 1; m <= 14; m++ {
		for _, n := range []int{1, 7, 8, 9, 15, 16, 17, 24, 31, 33} {
			cases = append(cases, gemmCase{m: m, n: n, k: 5, alpha: 1, beta: float64(m % 2)})
		}
	}
	for m := 15; m <= 29; m++ {
		cases = append(cases, gemmCase{m: m, n: 16 + 5*(m%7), k: 3, alpha: 1, beta: float64(m % 2)})
	}
	for _, k := range []int{1, 2, 255, 256, 257, 513} {
		cases = append(cases, gemmCase{m: 7, n: 33, k: k, alpha: 1}, gemmCase{m: 1, n: 70, k: k, alpha: 1}, gemmCase{m: 70, n: 1, k: k, alpha: 1})
	}
	cases = append(cases,
		gemmCase{m: 180, n: 130, k: 300, alpha: 1, beta: 1, padC: 3}, gemmCase{m: 400, n: 40, k: 40, alpha: 1},
		gemmCase{m: 3, n: 2100, k: 270, alpha: 1}, gemmCase{m: 13, n: 2100, k: 33, alpha: 0.5, beta: 1}, gemmCase{m: 65, n: 65, k: 600, alpha: 1, bias: true},
		gemmCase{m: 37, n: 85, k: 1100, alpha: -1, beta: 0.5, padA: 1, padC: 3}, gemmCase{m: 5, n: 140, k: 1024, alpha: 1, bias: true}, gemmCase{m: 2, n: 3, k: 9001, alpha: 1},
		gemmCase{m: 90, n: 1100, k: 40, alpha: 1, beta: 1, padB: 2, padC: 1})
	simdtest.OnEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for i, g := range cases {
			for trans := range 4 {
				if testing.Short() && (i+trans)%4 != 0 {
					continue
				}
				g.transA, g.transB = trans&1 != 0, trans&2 != 0
				checkGemmCase[float32](t, r, g, false)
				checkGemmCase[float32](t, r, g, true)
				checkGemmCase[float64](t, r, g, false)
			}
		}
	})
}

func TestGemmBatchedAgainstDefinition(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for range simdtest.Rounds(200) {
			g := randomCase(r, 33)
			g.m, g.n, g.bias = g.m+1, g.n+1, false
			count := 1 + r.IntN(9)
			rowsA, colsA := stored(g.transA, g.m, g.k)
			rowsB, colsB := stored(g.transB, g.k, g.n)
			lda, ldb, ldc := max(1, colsA), max(1, colsB), g.n
			strideA, strideB, strideC := rowsA*lda, rowsB*ldb, g.m*ldc+3
			if r.IntN(4) == 0 {
				strideB = 0 // one B for all
			}
			if r.IntN(4) == 0 {
				strideC, ldc = g.n, g.n*count // side by side
			}
			a, b := simdtest.Integers[float32](r, count*strideA+1), simdtest.Integers[float32](r, count*strideB+rowsB*ldb+1)
			c := simdtest.Integers[float32](r, (count-1)*strideC+(g.m-1)*ldc+g.n)
			want := append([]float32(nil), c...)
			for i := range count {
				copy(want[i*strideC:], naive(g, a[i*strideA:], lda, b[i*strideB:], ldb, nil, want[i*strideC:], ldc))
			}
			Batched(count, g.transA, g.transB, g.m, g.n, g.k, float32(g.alpha), a, lda, strideA, b, ldb, strideB, float32(g.beta), c, ldc, strideC)
			for i := range c {
				if c[i] != want[i] {
					t.Fatalf("%d x %v: element %d is %v, want %v", count, g, i, c[i], want[i])
				}
			}
		}
	})
}

func FuzzGemm(f *testing.F) {
	f.Add(uint64(1), uint16(7), uint16(17), uint16(33), uint8(0))
	f.Add(uint64(2), uint16(1), uint16(100), uint16(300), uint8(255))
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k uint16, flags uint8) {
		r := rand.New(rand.NewPCG(seed, 7))
		g := randomCase(r, 0)
		g.m, g.n, g.k, g.transA, g.transB = int(m%200), int(n%200), int(k%600), flags&1 != 0, flags&2 != 0
		checkGemmCase[float32](t, r, g, flags&4 != 0)
		checkGemmCase[float64](t, r, g, flags&4 != 0)
	})
}

// Normal numbers, where rounding happens: the bits must not depend on the number of threads, and the
// error must stay within what sums of products in float32 allow.
func TestGemmRounding(t *testing.T) {
	defer simd.SetThreads(0)
	r := rand.New(rand.NewPCG(8, 9))
	for _, s := range [][3]int{{64, 64, 1000}, {200, 130, 70}, {50, 300, 2100}, {60, 1100, 90}, {1, 900, 300}, {300, 1, 500}, {5, 2100, 90}, {2000, 24, 64}} {
		for trans := range 4 {
			m, n, k, transA, transB := s[0], s[1], s[2], trans&1 != 0, trans&2 != 0
			_, lda := stored(transA, m, k)
			_, ldb := stored(transB, k, n)
			a, b := make([]float32, m*k), make([]float32, k*n)
			for i := range a {
				a[i] = float32(r.NormFloat64())
			}
			for i := range b {
				b[i] = float32(r.NormFloat64())
			}
			var first []float32
			for _, threads := range []int{1, 2, 3, 7} {
				simd.SetThreads(threads)
				c := make([]float32, m*n)
				Gemm(transA, transB, m, n, k, 1, a, lda, b, ldb, 0, c, n)
				if first == nil {
					first = c
				}
				for i := range c {
					if c[i] != first[i] {
						t.Fatalf("%v trans=%d: element %d is %v with %d threads, %v with 1", s, trans, i, c[i], threads, first[i])
					}
				}
			}
			for i := range m {
				for j := range n {
					var sum, size float64
					for p := range k {
						x, y := a[i*k*(1-trans&1)+p*(1-trans&1)+(trans&1)*(p*m+i)], b[(1-trans>>1)*(p*n+j)+(trans>>1)*(j*k+p)]
						sum += float64(x) * float64(y)
						size += math.Abs(float64(x) * float64(y))
					}
					if e := math.Abs(float64(first[i*n+j]) - sum); e > 20*0x1p-24*size {
						t.Fatalf("%v trans=%d: (%d,%d) is off by %g, %g of the sum of magnitudes", s, trans, i, j, e, e/size)
					}
				}
			}
		}
	}
}

func TestGemmSpreadsNaNFromOperandsOnly(t *testing.T) {
	nan := float32(math.NaN())
	c := []float32{nan, nan}
	Gemm(false, false, 1, 2, 2, 1, []float32{1, 2}, 2, []float32{3, 4, 5, 6}, 2, 0, c, 2)
	if c[0] != 13 || c[1] != 16 {
		t.Errorf("beta = 0 read C: %v", c)
	}
	Gemm(false, false, 1, 2, 2, 1, []float32{1, nan}, 2, []float32{3, 4, 0, 0}, 2, 0, c, 2)
	if c[0] == c[0] || c[1] == c[1] {
		t.Errorf("NaN times zero was lost: %v", c)
	}
}

func TestGemmRefusals(t *testing.T) {
	x := make([]float32, 100)
	cases := []struct {
		name, want string
		call       func()
	}{
		{"negative", "m=-1", func() { Gemm(false, false, -1, 2, 2, 1, x, 2, x, 2, 0, x, 2) }},
		{"lda", "lda=3", func() { Gemm(false, false, 4, 4, 4, 1, x, 3, x, 4, 0, x, 4) }},
		{"ldb", "ldb=3", func() { Serial(false, true, 2, 2, 4, 1, x, 4, x, 3, 0, x, 4) }},
		{"short a", "slices of 7, 8 and 16", func() { Gemm(false, false, 4, 4, 2, 1, x[:7], 2, x[10:18], 4, 0, x[40:56], 4) }},
		{"short c", "and 15", func() { Gemm(false, false, 4, 4, 2, 1, x[:8], 2, x[10:18], 4, 0, x[40:55], 4) }},
		{"bias", "3 elements", func() { WithBias(false, false, 4, 4, 2, 1, x[:8], 2, x[10:18], 4, x[:3], x[40:56], 4) }},
		{"c is a", "overlaps", func() { Gemm(false, false, 4, 4, 4, 1, x[:16], 4, x[20:36], 4, 0, x[:16], 4) }},
		{"c meets b", "overlaps", func() { Gemm(false, false, 4, 4, 4, 1, x[:16], 4, x[20:36], 4, 0, x[30:46], 4) }},
		{"columns meet", "overlaps", func() { Gemm(false, false, 4, 4, 4, 1, x[:32], 8, x[40:56], 4, 0, x[3:32], 8) }},
		{"batch", "blocks of C", func() { Batched(2, false, false, 4, 4, 1, 1, x, 1, 4, x, 4, 4, 0, x[50:], 4, 8) }},
	}
	for _, c := range cases {
		func() {
			defer func() {
				if s := fmt.Sprint(recover()); !strings.Contains(s, c.want) {
					t.Errorf("%s: panic %q does not name %q", c.name, s, c.want)
				}
			}()
			c.call()
			t.Errorf("%s: accepted", c.name)
		}()
	}
	Gemm(false, false, 4, 4, 4, 1, x[:32], 8, x[40:56], 4, 0, x[4:32], 8) // columns side by side are no overlap
}

func TestGemmAllocatesNothing(t *testing.T) {
	simd.SetThreads(2)
	defer simd.SetThreads(0)
	x, y, c := make([]float32, 200*200), make([]float32, 200*200), make([]float32, 200*200)
	for _, n := range []int{16, 200} {
		for _, trans := range []bool{false, true} {
			run := func() {
				Gemm(trans, trans, n, n, n, 1, x, n, y, n, 0, c, n)
				Batched(3, false, trans, 16, 16, 16, 1, x, 16, 256, y, 16, 256, 1, c, 16, 256)
			}
			run()
			if got := testing.AllocsPerRun(20, run); got != 0 {
				t.Errorf("n=%d trans=%v: %v allocations a product", n, trans, got)
			}
		}
	}
}
