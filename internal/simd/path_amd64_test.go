//go:build amd64 && !noasm

package simd

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"
)

// onEachPath runs f on every implementation that this build and machine have.
func onEachPath(t *testing.T, f func(t *testing.T)) {
	found, wide := haveAVX2, haveAVX512
	defer func() { haveAVX2, haveAVX512 = found, wide }()
	if wide {
		t.Run("avx512", f)
	}
	haveAVX512 = false
	if found {
		t.Run("avx2", f)
	}
	haveAVX2 = false
	t.Run("portable", f)
}

// Both widths of vectors sum in the same order, so a run does not depend on which the machine has.
func TestWideProductsMakeTheSameBits(t *testing.T) {
	if !haveAVX512 {
		t.Skip("no AVX-512 here")
	}
	defer func() { haveAVX512 = true }()
	r := rand.New(rand.NewPCG(12, 13))
	for range rounds(400) {
		g := randomCase(r, 130)
		_, lda := stored(g.transA, g.m, g.k)
		_, ldb := stored(g.transB, g.k, g.n)
		a, b, d := normals[float32](r, g.m*g.k), normals[float32](r, g.k*g.n), normals[float32](r, g.m*g.n)
		c := [2][]float32{append([]float32{}, d...), append([]float32{}, d...)}
		for i := range c {
			haveAVX512 = i == 0
			Gemm(g.transA, g.transB, g.m, g.n, g.k, float32(g.alpha), a, max(1, lda), b, max(1, ldb), float32(g.beta), c[i], max(1, g.n))
		}
		for i := range d {
			if c[0][i] != c[1][i] {
				t.Fatalf("%v: (%d,%d) is %v by 512 bits, %v by 256", g, i/g.n, i%g.n, c[0][i], c[1][i])
			}
		}
	}
}

func TestWideFunctionsMakeTheSameBits(t *testing.T) {
	if !haveAVX512 {
		t.Skip("no AVX-512 here")
	}
	defer func() { haveAVX512 = true }()
	const n = 1 << 12
	x, l, s, count := [3][]float32{}, [2][]float32{}, [2][]float32{}, [2]int{}
	for i := range l {
		l[i], s[i] = make([]float32, n), make([]float32, n)
	}
	for i := range x {
		x[i] = make([]float32, n)
	}
	same := func(what string) {
		for i := range l[0] {
			for _, y := range [2][2]float32{{l[0][i], l[1][i]}, {s[0][i], s[1][i]}} {
				if math.Float32bits(y[0]) != math.Float32bits(y[1]) && (y[0] == y[0] || y[1] == y[1]) {
					t.Fatalf("%s of %v is %v by 512 bits, %v by 256", what, x[0][i], y[0], y[1])
				}
			}
		}
	}
	const step = n * 1024
	for high := uint32(0); ; high += step { // four million floats over the whole range
		for i := range n {
			x[0][i] = math.Float32frombits(high + uint32(i)*(step/n) + uint32(i*i)%(step/n))
		}
		for i := range 2 {
			haveAVX512 = i == 0
			Exp(l[i], x[0])
			Log(s[i], x[0])
		}
		same("exp or log")
		for i := range 2 {
			haveAVX512 = i == 0
			count[i] = LogAbs(l[i], s[i], x[0], 1.5, 0.25)
		}
		same("log|x| + c or the sign")
		if count[0] != count[1] {
			t.Fatalf("%d of the floats from %#x on doubtful by 512 bits, %d by 256", count[0], high, count[1])
		}
		for i := range n {
			x[1][i] = float32(i%7) - 3
		}
		for i := range 2 {
			haveAVX512 = i == 0
			SignedExp(l[i][:n-high>>22&31], x[0][:n-high>>22&31], x[1][:n-high>>22&31], -2.25)
		}
		same("s exp(x-c)")
		if high+step < high {
			break
		}
	}
}

// A pointer in the tile that a kernel moved from row to row would end beyond its allocation, which the garbage
// collector, should it look then, takes for memory gone bad.
func TestKernelsMoveNoPointer(t *testing.T) {
	kernels := map[string]func(*uintptr){}
	if haveAVX2 {
		kernels["32x2"], kernels["32x2Masked"], kernels["32x1"], kernels["32x1Masked"] = gemm32x2, gemm32x2Masked, gemm32x1, gemm32x1Masked
		kernels["64x2"], kernels["64x2Masked"], kernels["64x1"], kernels["64x1Masked"] = gemm64x2, gemm64x2Masked, gemm64x1, gemm64x1Masked
	}
	if haveAVX512 {
		kernels["32x2Wide"], kernels["32x2WideMasked"] = gemm32x2Wide, gemm32x2WideMasked
		kernels["32x1Wide"], kernels["32x1WideMasked"] = gemm32x1Wide, gemm32x1WideMasked
	}
	const m, n, k = 29, 8, 3 // n: so many vectors of 512 bits
	x := make([]float64, n*m*8)
	operand := unsafe.Pointer(&x[0])
	for name, kernel := range kernels {
		c := make([]float64, n*m*8)
		before := tile{a: operand, b: operand, c: unsafe.Pointer(&c[0]), d: operand, mask: unsafe.Pointer(&masks[4]), m: m, panels: 2, k: k,
			rsa: 64, csa: 8, rsb: 64 * n, bstep: 64, rsc: 64 * n, rsd: 64 * n}
		after := before
		kernel((*uintptr)(unsafe.Pointer(&after)))
		v, w := reflect.ValueOf(before), reflect.ValueOf(after)
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.UnsafePointer && f.Pointer() != w.Field(i).Pointer() {
				t.Errorf("gemm%s moves tile.%s", name, v.Type().Field(i).Name)
			}
		}
	}
}

// The generator has the offsets as numbers.
func TestTileOffsets(t *testing.T) {
	var x tile
	var run Run
	for _, f := range []struct {
		name      string
		got, want uintptr
	}{
		{"a", unsafe.Offsetof(x.a), 0}, {"b", unsafe.Offsetof(x.b), 8}, {"c", unsafe.Offsetof(x.c), 16}, {"d", unsafe.Offsetof(x.d), 24},
		{"mask", unsafe.Offsetof(x.mask), 32}, {"m", unsafe.Offsetof(x.m), 40}, {"panels", unsafe.Offsetof(x.panels), 48},
		{"k", unsafe.Offsetof(x.k), 56}, {"rsa", unsafe.Offsetof(x.rsa), 64}, {"csa", unsafe.Offsetof(x.csa), 72},
		{"rsb", unsafe.Offsetof(x.rsb), 80}, {"bstep", unsafe.Offsetof(x.bstep), 88}, {"rsc", unsafe.Offsetof(x.rsc), 96},
		{"rsd", unsafe.Offsetof(x.rsd), 104}, {"offB", unsafe.Offsetof(x.offB), 112}, {"offC", unsafe.Offsetof(x.offC), 120},
		{"alpha", unsafe.Offsetof(x.alpha), 128}, {"beta", unsafe.Offsetof(x.beta), 136},
		{"aheadA", unsafe.Offsetof(x.aheadA), 144}, {"aheadB", unsafe.Offsetof(x.aheadB), 152}, {"aheadC", unsafe.Offsetof(x.aheadC), 160},
		{"ahead", unsafe.Offsetof(x.ahead), 168}, {"lines", unsafe.Offsetof(x.lines), 176},
		{"rows", unsafe.Offsetof(x.rows), 184}, {"rowD", unsafe.Offsetof(x.rowD), 192},
		{"run.To", unsafe.Offsetof(run.To), 0}, {"run.From", unsafe.Offsetof(run.From), 8}, {"run.N", unsafe.Offsetof(run.N), 16},
		{"run.X", unsafe.Offsetof(run.X), 24}, {"run's end", unsafe.Sizeof(run), 32},
	} {
		if f.got != f.want {
			t.Errorf("%s is at %d, the generator says %d", f.name, f.got, f.want)
		}
	}
}
