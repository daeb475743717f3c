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
	bias, residual   bool
}

func (g gemmCase) String() string {
	return fmt.Sprintf("m=%d n=%d k=%d transA=%v transB=%v alpha=%v beta=%v pads=%d,%d,%d bias=%v residual=%v",
		g.m, g.n, g.k, g.transA, g.transB, g.alpha, g.beta, g.padA, g.padB, g.padC, g.bias, g.residual)
}

// stored returns the sizes of a stored operand: rows x cols transposed or not.
func stored(trans bool, rows, cols int) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}

// matrix returns rows x cols small integers of the shortest legal length, with NaN in the padding columns, which must
// not get into a result.
func matrix[F floats.Float](r *rand.Rand, rows, cols, ld int) []F {
	if rows == 0 || cols == 0 {
		return nil
	}
	x := simdtest.Integers[F](r, (rows-1)*ld+cols)
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

// checkGemmCase compares Gemm, Serial, WithBias or Mixed with the definition. If C is not to be read, it is NaN beforehand: all
// of it must be written, and its padding must stay.
func checkGemmCase[F floats.Float](t *testing.T, r *rand.Rand, g gemmCase, serial bool) {
	t.Helper()
	if g.residual {
		g.alpha = 1
	}
	rowsA, colsA := stored(g.transA, g.m, g.k)
	rowsB, colsB := stored(g.transB, g.k, g.n)
	lda, ldb, ldc := max(1, colsA+g.padA), max(1, colsB+g.padB), max(1, g.n+g.padC)
	a, b, c := matrix[F](r, rowsA, colsA, lda), matrix[F](r, rowsB, colsB, ldb), matrix[F](r, g.m, g.n, ldc)
	bias := simdtest.Integers[F](r, g.n)
	if g.beta == 0 || g.bias && !g.residual {
		for i := range c {
			c[i] = F(math.NaN())
		}
	}
	want := naive(g, a, lda, b, ldb, bias, c, ldc)
	switch {
	case g.residual:
		ldr := max(1, g.n+g.padB)
		residual, both := matrix[F](r, g.m, g.n, ldr), bias
		if !g.bias {
			both = nil
		}
		for i := range g.m {
			for j := range g.n {
				if want[i*ldc+j] += residual[i*ldr+j]; !g.bias && g.beta != 0 {
					want[i*ldc+j] -= F(g.beta) * c[i*ldc+j] // it is not read
				}
			}
		}
		Mixed(g.transA, g.transB, g.m, g.n, g.k, a, lda, b, ldb, residual, ldr, both, c, ldc)
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
		padA: r.IntN(4), padB: r.IntN(4), padC: r.IntN(4), bias: r.IntN(5) == 0, residual: r.IntN(5) == 0,
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
		gemmCase{m: 300, n: 70, k: 600, alpha: 1, bias: true, residual: true}, gemmCase{m: 300, n: 2100, k: 20, alpha: 1, bias: true, residual: true},
		gemmCase{m: 250, n: 33, k: 60, alpha: 0.5, residual: true}, gemmCase{m: 64, n: 64, k: 600, alpha: 1, residual: true},
		gemmCase{m: 40, n: 33, k: 60, alpha: 1, bias: true, residual: true}, gemmCase{m: 1, n: 133, k: 60, alpha: 1, bias: true, residual: true},
		gemmCase{m: 1, n: 300, k: 530, alpha: 1, bias: true, residual: true}, gemmCase{m: 300, n: 1, k: 530, alpha: 1, bias: true, residual: true},
		gemmCase{m: 9, n: 0, k: 60, alpha: 1, bias: true, residual: true}, gemmCase{m: 9, n: 33, k: 0, alpha: 1, bias: true, residual: true},
		gemmCase{m: 90, n: 1100, k: 40, alpha: 1, beta: 1, padB: 2, padC: 1}, gemmCase{m: 300, n: 500, k: 1030, alpha: 1, beta: 1, padC: 1},
		gemmCase{m: 200, n: 70, k: 700, alpha: 1, padC: 1})
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
		{"c meets the bias", "overlaps the bias", func() { WithBias(false, false, 4, 4, 2, 1, x[:8], 2, x[10:18], 4, x[55:59], x[40:56], 4) }},
		{"D's bias", "3 elements", func() { Mixed(false, false, 4, 4, 2, x[:8], 2, x[10:18], 4, x[60:76], 4, x[:3], x[40:56], 4) }},
		{"short D", "15 elements", func() { Mixed(false, false, 4, 4, 2, x[:8], 2, x[10:18], 4, x[60:75], 4, nil, x[40:56], 4) }},
		{"c meets D", "overlaps D", func() { Mixed(false, false, 4, 4, 2, x[:8], 2, x[10:18], 4, x[44:60], 4, nil, x[40:56], 4) }},
		{"D of rows", "overlaps D", func() { Rows(false, 4, 4, 2, x[:8], 2, x[10:18], 4, x[44:60], 4, nil, x[40:56], 4) }},
		// In 64 bits 2^32 * 2^32 and 4*2^62 are 0.
		{"overflow of a", "too short", func() { Gemm(false, false, 1<<32+1, 1, 1, 1, x[:4], 1<<32, x[10:11], 1, 0, x[20:30], 1<<32) }},
		{"overflow of b", "too short", func() { Gemm(false, true, 1, 5, 1, 1, x[:1], 1, x[10:14], 1<<62, 0, x[20:25], 5) }},
		{"overflow of c", "too short", func() { Gemm(false, false, 5, 1, 1, 1, x[:5], 1, x[10:11], 1, 0, x[20:21], 1<<62) }},
		{"overflow of D", "D has 4 elements", func() { Mixed(false, false, 5, 1, 1, x[:5], 1, x[10:11], 1, x[30:34], 1<<62, nil, x[20:25], 1) }},
		{"c is a", "overlaps", func() { Gemm(false, false, 4, 4, 4, 1, x[:16], 4, x[20:36], 4, 0, x[:16], 4) }},
		{"c meets b", "overlaps", func() { Gemm(false, false, 4, 4, 4, 1, x[:16], 4, x[20:36], 4, 0, x[30:46], 4) }},
		{"columns meet", "overlaps", func() { Gemm(false, false, 4, 4, 4, 1, x[:32], 8, x[40:56], 4, 0, x[3:32], 8) }},
		{"count", "count -1", func() { Batched(-1, false, false, 4, 4, 1, 1, x, 1, 4, x[10:], 4, 4, 0, x[50:], 4, 16) }},
		{"stride of a", "-4, 4, 16", func() { Batched(1, false, false, 4, 4, 1, 1, x, 1, -4, x[10:], 4, 4, 0, x[50:], 4, 16) }},
		{"stride of b", "4, -4, 16", func() { Batched(1, false, false, 4, 4, 1, 1, x, 1, 4, x[10:], 4, -4, 0, x[50:], 4, 16) }},
		{"stride of c", "4, 4, -16", func() { Batched(1, false, false, 4, 4, 1, 1, x, 1, 4, x[10:], 4, 4, 0, x[50:], 4, -16) }},
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
	Batched(1, false, false, 4, 4, 1, 1, x, 1, 0, x[10:], 4, 0, 0, x[50:], 4, 0)   // one product needs no strides
	Gemm(false, false, 4, 4, 4, 1, x[:32], 8, x[40:56], 4, 0, x[4:32], 8)          // columns side by side are no overlap
	Mixed(false, false, 4, 4, 2, x[:8], 2, x[10:18], 4, x[24:], 8, nil, x[20:], 8) // nor are those of D
	Mixed(false, false, 4, 4, 2, x[:8], 2, x[10:18], 4, x[40:], 4, nil, x[20:], 4) // nor is what follows C in its slice
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
