//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func addRows32(dst, top, x, y, c []float32, width int) {
	if !cpu.AVX2 {
		addRowsPortable(dst, top, x, y, c, width)
		return
	}
	for len(top) > 0 {
		rows := min(len(top), 1+maxPiece/width)
		addRowsAVX2(&dst[0], &top[0], &x[0], &y[0], &c[0], width, rows)
		n := rows * width
		dst, top, x, y, c = dst[n:], top[rows:], x[n:], y[n:], c[rows:]
	}
}

func scaleRows32(dst, x, c []float32, width int) {
	if !cpu.AVX2 {
		scaleRowsPortable(dst, x, c, width)
		return
	}
	for len(c) > 0 {
		rows := min(len(c), 1+maxPiece/width)
		scaleRowsAVX2(&dst[0], &x[0], &c[0], width, rows)
		dst, x, c = dst[rows*width:], x[rows*width:], c[rows:]
	}
}

// headsAtOnce is how many heads make a piece: their products, not their elements, are counted.
func headsAtOnce(heads, rows, width int) int { return min(heads, 1+maxPiece/(rows*width*width)) }

func mulHeads32(dst, x, a []float32, heads, rows, width int) {
	if !cpu.AVX2 {
		mulHeadsPortable(dst, x, a, heads, rows, width)
		return
	}
	for heads > 0 {
		n := headsAtOnce(heads, rows, width)
		mulHeadsAVX2(&dst[0], &x[0], &a[0], width, rows, n)
		dst, x, a, heads = dst[n*rows*width:], x[n*rows*width:], a[n*width*width:], heads-n
	}
}

func mulHeadsTransposed32(dst, top, x, a []float32, heads, rows, width int) {
	if !cpu.AVX2 {
		mulHeadsTransposedPortable(dst, top, x, a, heads, rows, width)
		return
	}
	for heads > 0 {
		n := headsAtOnce(heads, rows, width)
		mulHeadsTransposedAVX2(&dst[0], &top[0], &x[0], &a[0], width, rows, n)
		dst, top, x, a, heads = dst[n*rows*width:], top[n*rows:], x[n*rows*width:], a[n*width*width:], heads-n
	}
}

func outerHeads32(dst, x, y []float32, heads, rows, width int, add bool) {
	if !cpu.AVX2 {
		outerHeadsPortable(dst, x, y, heads, rows, width, add)
		return
	}
	for heads > 0 {
		n := headsAtOnce(heads, rows, width)
		outerHeadsAVX2(&dst[0], &x[0], &y[0], width, rows, n, add)
		dst, x, y, heads = dst[n*width*width:], x[n*rows*width:], y[n*rows*width:], heads-n
	}
}
