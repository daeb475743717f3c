//go:build !noasm

package matmul

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"
)

// fenced returns a copy of x that ends at a page which must not be touched.
func fenced(t *testing.T, x []float32) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := roundUp(4*len(x), page)
	memory, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(memory[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	y := unsafe.Slice((*float32)(unsafe.Pointer(&memory[size-4*len(x)])), len(x))
	copy(y, x)
	return y
}

// The kernels touch nothing behind the end of an operand.
func TestTilesStayInside(t *testing.T) {
	needTiles(t)
	r := rand.New(rand.NewPCG(47, 48))
	for _, s := range [][3]int{{1, 1, 1}, {17, 33, 35}, {31, 15, 64}, {48, 40, 31}, {16, 32, 32}} {
		for trans := range 4 {
			for _, bias := range []bool{false, true} {
				g := gemmCase{m: s[0], n: s[1], k: s[2], alpha: 1, beta: float64(trans % 2), transA: trans&1 != 0, transB: trans&2 != 0, bias: bias}
				x := newTileCase(g, func() float32 { return float32(r.NormFloat64()) })
				want := x.run(tilesPortable)
				x.a, x.b, x.bias = fenced(t, x.a), fenced(t, x.b), fenced(t, x.bias)
				c := fenced(t, x.c)
				var p product[float32]
				p.init(g.transA, g.transB, g.m, g.n, g.k, 1, x.a, x.lda, x.b, x.ldb, c, x.ldc)
				if bias {
					p.plus("test", nil, 0, x.bias)
				} else {
					p.addend(float32(g.beta))
				}
				runTiles(&p)
				sameBits(t, c, want, "%v", g)
			}
		}
	}
}
