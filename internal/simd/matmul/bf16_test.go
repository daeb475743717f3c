package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/simdtest"
)

// needTiles skips a test that compares the tiles with the portable form where there are none.
func needTiles(t *testing.T) {
	t.Helper()
	if !HasTiles() {
		t.Skip("no AMX tiles here (amx-bf16), or no permission to use them: the portable form is tested alone")
	}
}

// tileCase is a product with its operands.
type tileCase struct {
	gemmCase
	a, b, c, bias []float32
	lda, ldb, ldc int
}

// newTileCase draws the operands, of the shortest legal length, from x. The padding of A and B is NaN.
func newTileCase(g gemmCase, x func() float32) tileCase {
	rowsA, colsA := stored(g.transA, g.m, g.k)
	rowsB, colsB := stored(g.transB, g.k, g.n)
	t := tileCase{gemmCase: g, lda: colsA + g.padA, ldb: colsB + g.padB, ldc: g.n + g.padC}
	draw := func(rows, cols, ld int) []float32 {
		y := make([]float32, (rows-1)*ld+cols)
		for i := range y {
			if y[i] = x(); i%ld >= cols {
				y[i] = float32(math.NaN())
			}
		}
		return y
	}
	t.a, t.b, t.c, t.bias = draw(rowsA, colsA, t.lda), draw(rowsB, colsB, t.ldb), draw(g.m, g.n, t.ldc), draw(1, g.n, g.n)
	return t
}

// run returns C, computed by one of the two forms.
func (t *tileCase) run(form func(*product[float32])) []float32 {
	c := append([]float32{}, t.c...)
	var p product[float32]
	p.init(t.transA, t.transB, t.m, t.n, t.k, float32(t.alpha), t.a, t.lda, t.b, t.ldb, c, t.ldc)
	switch bias := t.bias; {
	case t.residual:
		if !t.gemmCase.bias {
			bias = nil
		}
		p.plus("test", c, t.ldc, bias)
	case t.gemmCase.bias:
		p.plus("test", nil, 0, bias)
	default:
		p.addend(float32(t.beta))
	}
	form(&p)
	return c
}

// sameBits fails unless x and y are the same numbers; any NaN equals any other.
func sameBits(t *testing.T, x, y []float32, format string, values ...any) {
	t.Helper()
	for i := range x {
		if math.Float32bits(x[i]) != math.Float32bits(y[i]) && (x[i] == x[i] || y[i] == y[i]) {
			t.Fatalf("%s: element %d is %v (%#x), want %v (%#x)", fmt.Sprintf(format, values...), i, x[i], math.Float32bits(x[i]), y[i], math.Float32bits(y[i]))
		}
	}
}

func tileCaseOf(r *rand.Rand, m, n, k int) gemmCase {
	g := randomCase(r, 0)
	g.m, g.n, g.k = m, n, k
	if g.alpha == 0 {
		g.alpha = 1.5
	}
	if r.IntN(3) == 0 {
		g.alpha, g.beta, g.bias, g.residual = 1, 0, false, false // what the kernel stores without a detour
	}
	return g
}

// Tiles and the portable form make the same bits, at every rest of a tile in every dimension.
func TestTilesMakeTheBitsOfGo(t *testing.T) {
	needTiles(t)
	r := rand.New(rand.NewPCG(31, 32))
	normal := func() float32 { return float32(r.NormFloat64()) }
	sizes := []int{1, 2, 15, 16, 17, 31, 33, 63, 65, 257}
	for _, m := range sizes {
		for _, n := range sizes {
			for _, k := range sizes {
				if testing.Short() && (m+n+k)%8 != 0 {
					continue
				}
				x := newTileCase(tileCaseOf(r, m, n, k), normal)
				sameBits(t, x.run(runTiles), x.run(tilesPortable), "%v", x.gemmCase)
			}
		}
	}
}

// Products that are cut into pieces and along their inner dimension have the bits of the portable form, with any number
// of threads: many rows, many columns, few of both.
func TestTilesOnThreads(t *testing.T) {
	needTiles(t)
	defer simd.SetThreads(0)
	r := rand.New(rand.NewPCG(33, 34))
	normal := func() float32 { return float32(r.NormFloat64()) }
	for _, s := range [][3]int{{1000, 40, 100}, {40, 1000, 100}, {600, 300, 64}, {50, 34, 5000}, {34, 50, 4097}, {33, 2300, 70}, {300, 20, 2049}} {
		for trans := range 4 {
			g := tileCaseOf(r, s[0], s[1], s[2])
			g.transA, g.transB = trans&1 != 0, trans&2 != 0
			x := newTileCase(g, normal)
			want := x.run(tilesPortable)
			for _, threads := range []int{1, 2, 7} {
				simd.SetThreads(threads)
				sameBits(t, x.run(runTiles), want, "%v, %d threads", g, threads)
			}
		}
	}
}

// NaN, infinities, subnormal numbers and sums, numbers that round to infinity and those half way between two of bfloat16:
// tiles treat them as the portable form does.
func TestTilesAtExtremes(t *testing.T) {
	needTiles(t)
	r := rand.New(rand.NewPCG(35, 36))
	inf := float32(math.Inf(1))
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, inf, -inf, float32(math.NaN()), math.MaxFloat32, -math.MaxFloat32, 0x1.fep127, 0x1.ffp127,
		0x1p-126, 0x1.8p-127, -0x1p-149, 0x1.01p0, 0x1.03p0, 0x1.010002p0, 0x1.00fffep0, 0x1p-63, 0x1.5p-64, 0x1p64}
	for name, draw := range map[string]func() float32{
		"any bits":     func() float32 { return math.Float32frombits(r.Uint32()) },
		"special":      func() float32 { return special[r.IntN(len(special))] },
		"tiny":         func() float32 { return float32(r.NormFloat64() * math.Exp2(-65+4*r.NormFloat64())) },
		"around 2^-63": func() float32 { return float32(r.NormFloat64() * math.Exp2(-63)) },
		"huge":         func() float32 { return float32(r.NormFloat64() * math.Exp2(60+4*r.NormFloat64())) },
		"few exceptions": func() float32 {
			return []float32{float32(r.NormFloat64()), special[r.IntN(len(special))]}[r.IntN(50)/49]
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range simdtest.Rounds(200) {
				g := tileCaseOf(r, 1+r.IntN(40), 1+r.IntN(40), 1+r.IntN(100))
				x := newTileCase(g, draw)
				sameBits(t, x.run(runTiles), x.run(tilesPortable), "%v", g)
			}
		})
	}
}

// Where a sum is subnormal decides its exact value, not the rounded one: tiles and the portable form agree next to the smallest
// normal number, in products and in sums of tiles.
func TestTilesAtSmallestNormal(t *testing.T) {
	needTiles(t)
	const n = 128
	for _, second := range []int{2, 1, 32} { // in the same chain, in the other one, in the next tile
		a, b := make([]float32, 64), make([]float32, n*64)
		a[0], a[second] = 0x1p-126, -0x1p-75
		for j := range n {
			b[64*j], b[64*j+second] = 1, float32(j)*0x1p-80 // j*2^-155 less than normal
		}
		x := tileCase{gemmCase: gemmCase{m: 1, n: n, k: 64, alpha: 1, transB: true}, a: a, b: b, c: make([]float32, n), lda: 64, ldb: 64, ldc: n}
		got := x.run(tilesPortable)
		sameBits(t, x.run(runTiles), got, "at place %d", second)
		if second == 2 && (got[16] == 0 || got[17] != 0) { // 2^-151 below normal still rounds to it
			t.Errorf("sums %v and %v", got[16], got[17])
		}
	}
}

// A product that takes several calls of the kernel, and is cut along its inner dimension: its product with a vector is that
// of its operands. All are small integers, so every sum is exact.
func TestTilesInManyCalls(t *testing.T) {
	needTiles(t)
	simd.SetThreads(1)
	defer simd.SetThreads(0)
	r := rand.New(rand.NewPCG(45, 46))
	for _, s := range [][2]int{{600, 650}, {650, 600}, {4010, 4100}} {
		x := newTileCase(gemmCase{m: s[0], n: s[1], k: 2100, alpha: 1}, func() float32 { return float32(r.IntN(9) - 4) })
		c := x.run(runTiles)
		v, bv := make([]float64, x.n), make([]float64, x.k)
		for j := range v {
			v[j] = float64(r.IntN(1000))
		}
		for p := range bv {
			for j, vj := range v {
				bv[p] += float64(x.b[p*x.ldb+j]) * vj
			}
		}
		for i := range x.m {
			var got, want float64
			for j, vj := range v {
				got += float64(c[i*x.ldc+j]) * vj
			}
			for p, y := range bv {
				want += float64(x.a[i*x.lda+p]) * y
			}
			if got != want {
				t.Fatalf("%d x %d: row %d times the vector is %v, want %v", x.m, x.n, i, got, want)
			}
		}
	}
}

// The portable form against the definition: products and sums of small integers are exact, so every order of them is.
func TestTilesAgainstDefinition(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(37, 38))
		for range simdtest.Rounds(300) {
			g := tileCaseOf(r, 1+r.IntN(50), 1+r.IntN(50), 1+r.IntN(90))
			x := newTileCase(g, func() float32 { return float32(r.IntN(9) - 4) })
			plain := g
			if g.residual { // C itself
				plain.beta, plain.bias = 1, false
			}
			want := naive(plain, x.a, x.lda, x.b, x.ldb, x.bias, x.c, x.ldc)
			for i := 0; g.residual && g.bias && i < g.m; i++ {
				for j, v := range x.bias {
					want[i*x.ldc+j] += v
				}
			}
			sameBits(t, x.run(runTiles), want, "%v", g)
		}
	})
}

// The error of a product is that of operands with 8 bits of mantissa: up to 2^-8 of each product of two, and little from the
// sums, which are float32.
func TestTilesError(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(39, 40))
		g := gemmCase{m: 20, n: 20, k: 3000, alpha: 1, transB: true}
		x := newTileCase(g, func() float32 { return float32(r.NormFloat64()) })
		got, largest := x.run(runTiles), 0.0
		for i := range g.m {
			for j := range g.n {
				var sum, size, rounded float64
				for p := range g.k {
					a, b := x.a[i*x.lda+p], x.b[j*x.ldb+p]
					sum += float64(a) * float64(b)
					size += math.Abs(float64(a) * float64(b))
					rounded += float64(roundBF16(a)) * float64(roundBF16(b))
				}
				c := float64(got[i*x.ldc+j])
				if e := math.Abs(c-rounded) / size; e > 1e-6 {
					t.Fatalf("(%d,%d): the sum has an error of %.2g", i, j, e)
				}
				largest = max(largest, math.Abs(c-sum)/size)
			}
		}
		if largest > 0x1p-8 || largest < 1e-5 {
			t.Errorf("largest error %.2g of the sum of absolute products, want less than 2^-8 and more than that of float32", largest)
		}
	})
}

func TestRoundBF16(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range [][2]float32{
		{0, 0}, {1, 1}, {-1, -1}, {0x1.02p0, 0x1.02p0},
		{0x1.01p0, 1}, {0x1.010002p0, 0x1.02p0}, {0x1.00fffep0, 1}, {0x1.03p0, 0x1.04p0}, {-0x1.01p5, -0x1p5}, // half way: to even
		{0x1.fep127, 0x1.fep127}, {0x1.fefffep127, 0x1.fep127}, {0x1.ffp127, inf}, {math.MaxFloat32, inf}, {-math.MaxFloat32, -inf}, {inf, inf}, {-inf, -inf},
		{0x1p-126, 0x1p-126}, {0x1.fffffcp-127, 0}, {0x1p-149, 0},
	} {
		if got := roundBF16(c[0]); got != c[1] {
			t.Errorf("%x is %x, want %x", c[0], got, c[1])
		}
	}
	if got := roundBF16(float32(math.Copysign(0x1p-130, -1))); math.Float32bits(got) != 1<<31 {
		t.Errorf("a negative subnormal number is %v, want -0", got)
	}
	for _, bits := range []uint32{0x7f800001, 0xff800001, 0x7fffffff, math.Float32bits(nan)} {
		if got := roundBF16(math.Float32frombits(bits)); got == got {
			t.Errorf("NaN %#x is %v", bits, got)
		}
	}
}

// The sum of 32 products is that of the even ones plus that of the odd ones, each rounded once per product; subnormal sums
// are zeros.
func TestTileSum(t *testing.T) {
	x, y := make([]float32, tileInner), make([]float32, tileInner)
	for i := range x {
		y[i] = 1
	}
	x[0], x[1], x[2], x[3] = 0x1p24, 1, 1, -0x1p24 // even: 2^24 + 1 = 2^24, odd: 1 - 2^24
	if got := tileSum(x, y); got != 1 {
		t.Errorf("sum %v, want 1", got)
	}
	x[0], x[1], x[2], x[3] = 0x1p-100, 0, 0, 0
	y[0] = 0x1p-40
	if got := tileSum(x, y); got != 0 {
		t.Errorf("a subnormal product is %v, want 0", got)
	}
	if got := addProduct(-0x1p-126, 0x1p-100, 0x1.8p-27); got != 0 || !math.Signbit(float64(got)) {
		t.Errorf("a negative subnormal sum is %v, want -0", got)
	}
	if got := addProduct(0x1.fffffep127, 0x1p100, 0x1p2); got != 0x1.fffffep127 {
		t.Errorf("a product far below the last bit changes the largest number to %v", got)
	}
}

// Only large products of float32 are rounded, and only after SetPrecision(BFloat16).
func TestMixed(t *testing.T) {
	defer SetPrecision(Float32)
	r := rand.New(rand.NewPCG(41, 42))
	normal := func() float32 { return float32(r.NormFloat64()) }
	for _, c := range []struct {
		m, n, k int
		rounded bool
	}{
		{128, 128, 128, true}, {16, 1024, 32, true}, {1024, 16, 32, true}, {15, 2048, 128, false}, {2048, 15, 128, false}, {256, 256, 31, false},
		{127, 128, 32, false}, {128, 128, 32, true}, {1, 2048, 2048, false},
	} {
		g := gemmCase{m: c.m, n: c.n, k: c.k, alpha: 1, beta: 1, transB: true}
		x := newTileCase(g, normal)
		exact := x.run(func(p *product[float32]) { p.run(true) })
		for precision, rounded := range map[Precision]bool{Float32: false, BFloat16: c.rounded} {
			SetPrecision(precision)
			got := append([]float32{}, x.c...)
			Mixed(false, true, c.m, c.n, c.k, x.a, x.lda, x.b, x.ldb, got, x.ldc, nil, got, x.ldc)
			want := exact
			if rounded {
				want = x.run(tilesPortable)
				if want[0] == exact[0] && want[1] == exact[1] && want[2] == exact[2] {
					t.Fatalf("%v: rounding the operands changes nothing", g)
				}
			}
			sameBits(t, got, want, "precision %d, %v", precision, g)
		}
		SetPrecision(BFloat16)
		x.gemmCase.bias = true
		got := make([]float32, len(x.c))
		Mixed(false, true, c.m, c.n, c.k, x.a, x.lda, x.b, x.ldb, nil, 0, x.bias, got, x.ldc)
		form := func(p *product[float32]) { p.run(true) }
		if c.rounded {
			form = tilesPortable
		}
		sameBits(t, got, x.run(form), "with a bias, %v", g)

		a, b := simdtest.Widen(x.a), simdtest.Widen(x.b)
		got64, want64 := make([]float64, len(x.c)), make([]float64, len(x.c))
		Mixed(false, true, c.m, c.n, c.k, a, x.lda, b, x.ldb, nil, 0, nil, got64, x.ldc)
		Gemm(false, true, c.m, c.n, c.k, 1, a, x.lda, b, x.ldb, 0, want64, x.ldc)
		for i := range got64 {
			if got64[i] != want64[i] {
				t.Fatalf("float64 is rounded: %v", g)
			}
		}
		x.alpha = 0
		sameBits(t, x.run(func(p *product[float32]) { p.runMixed() }), x.run(func(p *product[float32]) { p.run(true) }), "alpha 0, %v", g)
	}
	defer func() {
		if s := fmt.Sprint(recover()); !strings.Contains(s, "matmul: Mixed: ") {
			t.Errorf("panic %q", s)
		}
	}()
	Mixed(false, false, 64, 64, 64, make([]float32, 10), 64, nil, 64, nil, 0, nil, nil, 64)
	t.Error("short slices are accepted")
}

// Tiles are part of a thread's state only within a call: goroutines that move between threads, and are preempted there,
// have the results of a quiet machine, in bfloat16 and in float32.
func TestTilesLeaveNoState(t *testing.T) {
	needTiles(t)
	r := rand.New(rand.NewPCG(43, 44))
	x := newTileCase(gemmCase{m: 70, n: 90, k: 200, alpha: 1}, func() float32 { return float32(r.NormFloat64()) })
	float := func(p *product[float32]) { p.run(true) }
	rounded, exact := x.run(runTiles), x.run(float)
	var group sync.WaitGroup
	wrong := make(chan string, 8)
	for g := range 8 {
		group.Go(func() {
			for i := range simdtest.Rounds(200) {
				for _, form := range []struct {
					name string
					run  func(*product[float32])
					want []float32
				}{{"bfloat16", runTiles, rounded}, {"float32", float, exact}} {
					for j, v := range x.run(form.run) {
						if v != form.want[j] {
							wrong <- fmt.Sprintf("goroutine %d, round %d, %s: %v, want %v", g, i, form.name, v, form.want[j])
							return
						}
					}
				}
				if i%20 == g {
					runtime.GC() // which stops all threads by signals
				}
				runtime.Gosched()
			}
		})
	}
	group.Wait()
	close(wrong)
	for w := range wrong {
		t.Error(w)
	}
}

// A thread whose tiles are not released stays slow to switch to. No result shows that, so the thread is asked.
func TestTilesAreReleased(t *testing.T) {
	needTiles(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	simd.SetThreads(1) // all work is this thread's
	defer simd.SetThreads(0)
	if _, known := simdtest.TilesInUse(); !known {
		t.Skip("the processor does not tell which state is in use (XGETBV with ECX = 1)")
	}
	r := rand.New(rand.NewPCG(49, 50))
	for _, g := range []gemmCase{
		{m: 32, n: 32, k: 32, alpha: 1}, {m: 32, n: 32, k: 32, alpha: 1, beta: 1}, {m: 40, n: 50, k: 70, alpha: 2}, {m: 16, n: 16, k: 32, alpha: 1}, {m: 50, n: 40, k: 4100, alpha: 1},
	} {
		x := newTileCase(g, func() float32 { return float32(r.NormFloat64()) })
		x.run(runTiles)
		if inUse, _ := simdtest.TilesInUse(); inUse {
			t.Fatalf("%v: tiles are in use after the product", g)
		}
	}
}

func TestTilesAllocateNothing(t *testing.T) {
	simd.SetThreads(2)
	defer simd.SetThreads(0)
	SetPrecision(BFloat16)
	defer SetPrecision(Float32)
	x, y, c := make([]float32, 200*200), make([]float32, 200*200), make([]float32, 200*200)
	long := make([]float32, 16*5000)
	simdtest.OnEachPath(t, func(t *testing.T) {
		run := func() {
			Mixed(false, true, 200, 200, 200, x, 200, y, 200, nil, 0, nil, c, 200)
			Mixed(true, false, 16, 16, 5000, long, 16, long, 16, c, 16, nil, c, 16)
			Mixed(false, false, 200, 200, 200, x, 200, y, 200, nil, 0, x[:200], c, 200)
			Mixed(false, false, 200, 200, 200, x, 200, y, 200, c, 200, x[:200], c, 200)
		}
		run()
		if got := testing.AllocsPerRun(10, run); got != 0 {
			t.Errorf("%v allocations", got)
		}
	})
}
