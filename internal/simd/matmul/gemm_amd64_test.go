//go:build amd64 && !noasm

package matmul

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"

	"goomtrain/internal/simd/cpu"
	"goomtrain/internal/simd/simdtest"
)

// Kernels of both widths sum in the same order, so results do not depend on which of them the machine has.
func TestAVX512MakesTheSameBits(t *testing.T) {
	if !cpu.AVX512 {
		t.Skip("no AVX-512 here")
	}
	defer func() { cpu.AVX512 = true }()
	r := rand.New(rand.NewPCG(12, 13))
	for range simdtest.Rounds(400) {
		g := randomCase(r, 130)
		_, lda := stored(g.transA, g.m, g.k)
		_, ldb := stored(g.transB, g.k, g.n)
		a, b, d := simdtest.Normals[float32](r, g.m*g.k), simdtest.Normals[float32](r, g.k*g.n), simdtest.Normals[float32](r, g.m*g.n)
		c := [2][]float32{append([]float32{}, d...), append([]float32{}, d...)}
		for i := range c {
			cpu.AVX512 = i == 0
			Gemm(g.transA, g.transB, g.m, g.n, g.k, float32(g.alpha), a, max(1, lda), b, max(1, ldb), float32(g.beta), c[i], max(1, g.n))
		}
		for i := range d {
			if c[0][i] != c[1][i] {
				t.Fatalf("%v: (%d,%d) is %v by 512 bits, %v by 256", g, i/g.n, i%g.n, c[0][i], c[1][i])
			}
		}
	}
}

// A pointer in the tile that a kernel moved from row to row would end beyond its allocation. The garbage collector
// reports such a pointer as a fault.
func TestKernelsMoveNoPointer(t *testing.T) {
	kernels := map[string]func(*uintptr){}
	if cpu.AVX2 {
		kernels["32x2AVX2"], kernels["32x2MaskedAVX2"] = gemm32x2AVX2, gemm32x2MaskedAVX2
		kernels["32x1AVX2"], kernels["32x1MaskedAVX2"] = gemm32x1AVX2, gemm32x1MaskedAVX2
		kernels["64x2AVX2"], kernels["64x2MaskedAVX2"] = gemm64x2AVX2, gemm64x2MaskedAVX2
		kernels["64x1AVX2"], kernels["64x1MaskedAVX2"] = gemm64x1AVX2, gemm64x1MaskedAVX2
	}
	if cpu.AVX512 {
		kernels["32x2AVX512"], kernels["32x2MaskedAVX512"] = gemm32x2AVX512, gemm32x2MaskedAVX512
		kernels["32x1AVX512"], kernels["32x1MaskedAVX512"] = gemm32x1AVX512, gemm32x1MaskedAVX512
	}
	const m, n, k = 29, 8, 3 // n: so many vectors of 512 bits
	x := make([]float64, n*m*8)
	operand := unsafe.Pointer(&x[0])
	for name, kernel := range kernels {
		c := make([]float64, n*m*8)
		before := tile{a: operand, b: operand, c: unsafe.Pointer(&c[0]), d: operand, mask: unsafe.Pointer(&masksAVX2[4]), m: m, panels: 2, k: k,
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
	} {
		if f.got != f.want {
			t.Errorf("%s is at %d, the generator says %d", f.name, f.got, f.want)
		}
	}
}
