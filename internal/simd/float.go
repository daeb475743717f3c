package simd

import (
	"fmt"
	"unsafe"
)

// Float is the element type of every kernel: float32 in production, float64 for checking.
type Float interface{ float32 | float64 }

// single reports whether F is float32. The size is a constant of each instantiation, so a branch on
// it costs nothing and a generic function dispatches without interfaces.
func single[F Float]() bool { return unsafe.Sizeof(F(0)) == 4 }

// as32 views x as what it is when single[F]() holds.
func as32[F Float](x []F) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// as64 views x as what it is when single[F]() does not hold.
func as64[F Float](x []F) []float64 {
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// near reports whether the memory of x and that of y, neither empty, have an address in common.
func near[F Float](x, y []F) bool {
	size := unsafe.Sizeof(F(0))
	p, q := uintptr(unsafe.Pointer(unsafe.SliceData(x))), uintptr(unsafe.Pointer(unsafe.SliceData(y)))
	return p < q+uintptr(len(y))*size && q < p+uintptr(len(x))*size
}

// shared reports whether x and y have any element in common.
func shared[F Float](x, y []F) bool { return len(x) > 0 && len(y) > 0 && near(x, y) }

// overlap reports whether x and y share memory without beginning at the same place.
func overlap[F Float](x, y []F) bool {
	return shared(x, y) && unsafe.SliceData(x) != unsafe.SliceData(y)
}

// checkMap refuses the operands of an elementwise function dst = f(src).
func checkMap[F Float](name string, dst, src []F) {
	if len(dst) != len(src) {
		panicLengths(name, len(dst), len(src))
	}
	if overlap(dst, src) {
		panicOverlap(name)
	}
}

func panicLengths(name string, dst, src int) {
	panic(fmt.Sprintf("simd: %s: dst has %d elements, a source has %d", name, dst, src))
}

func panicOverlap(name string) {
	panic(fmt.Sprintf("simd: %s: dst overlaps a source without being the same slice", name))
}

func panicEmpty(name string) {
	panic(fmt.Sprintf("simd: %s of an empty slice", name))
}
