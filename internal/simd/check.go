package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// Float is the element type of every kernel: float32 in production, float64 for checking.
type Float = floats.Float

// checkMap panics unless dst and src have one length and are the same slice or share no memory, as the operands
// of an elementwise function must.
func checkMap[F Float](name string, dst, src []F) {
	if len(dst) != len(src) {
		panicLengths(name, len(dst), len(src))
	}
	if floats.Overlap(dst, src) {
		panicOverlap(name)
	}
}

// rowWidth returns D for x [R, D] and one number a row in top [R]; 0 if there are no rows.
func rowWidth[F Float](name string, top, x []F) int {
	if len(top) == 0 && len(x) == 0 {
		return 0
	}
	if len(top) == 0 || len(x)%len(top) != 0 {
		panic(fmt.Sprintf("simd: %s: %d elements do not make %d rows", name, len(x), len(top)))
	}
	return len(x) / len(top)
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

func panicRows(name string, rows, n, stride, dst, src int) {
	panic(fmt.Sprintf("simd: %s: slices of %d and %d elements for %d rows of %d, %d apart", name, dst, src, rows, n, stride))
}
