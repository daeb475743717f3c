// Package floats holds what kernels ask of slices of floats: the type of an element, whether two slices share memory, and
// whether a slice is as long as a matrix.
package floats

import (
	"math/bits"
	"unsafe"
)

// Float is the element type of every kernel: float32 in production, float64 for checking.
type Float interface{ float32 | float64 }

// Single reports whether F is float32. The size is a constant of each instantiation, so a branch on it costs
// nothing and a generic function dispatches without interfaces.
func Single[F Float]() bool { return unsafe.Sizeof(F(0)) == 4 }

// As32 returns x as a slice of float32, which it is if [Single] holds for F; otherwise the result is nonsense.
func As32[F Float](x []F) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// Share reports whether x and y have memory in common. An empty slice has none.
func Share[F Float](x, y []F) bool {
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	size := unsafe.Sizeof(F(0))
	p, q := uintptr(unsafe.Pointer(unsafe.SliceData(x))), uintptr(unsafe.Pointer(unsafe.SliceData(y)))
	return p < q+uintptr(len(y))*size && q < p+uintptr(len(x))*size
}

// Overlap reports whether x and y share memory without beginning at the same element, so that a loop which reads
// one and writes the other may read what it has already written.
func Overlap[F Float](x, y []F) bool {
	return Share(x, y) && unsafe.SliceData(x) != unsafe.SliceData(y)
}

// Holds reports whether n elements hold a matrix of at least one row whose rows begin stride elements apart. No size may be
// negative; they may be so large that products of them overflow.
func Holds(n, rows, columns, stride int) bool {
	high, last := bits.Mul64(uint64(rows-1), uint64(stride)) // where the last row begins
	return high == 0 && last <= uint64(n) && columns <= n-int(last)
}
