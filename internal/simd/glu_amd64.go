//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func gluRows32(dst, x []float32, d int) {
	if !cpu.AVX2 {
		gluRowsPortable(dst, x, d)
		return
	}
	eachBlock(len(dst)/d, d, func(row, rows, from, n int) {
		at := 2*row*d + from
		gluAVX2(&dst[row*d+from], &x[at], &x[at+d], n, rows, 4*d, 8*d)
	})
}

func gluBackwardRows32(dx, dy, x []float32, d int) {
	if !cpu.AVX2 {
		gluBackwardRowsPortable(dx, dy, x, d)
		return
	}
	eachBlock(len(dy)/d, d, func(row, rows, from, n int) {
		at := 2*row*d + from
		gluBackwardAVX2(&dy[row*d+from], &dx[at], &dx[at+d], &x[at], &x[at+d], n, rows, 4*d, 8*d)
	})
}

// eachBlock calls body on blocks of rows of d numbers, as large as one call of a kernel may be: columns
// [from, from+n) of rows [row, row+rows).
func eachBlock(rows, d int, body func(row, rows, from, n int)) {
	for from := 0; from < d; from += maxPiece {
		n := min(maxPiece, d-from)
		for row, step := 0, maxPiece/n; row < rows; row += step {
			body(row, min(step, rows-row), from, n)
		}
	}
}
