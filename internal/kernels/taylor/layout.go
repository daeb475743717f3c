package taylor

import (
	"goomtrain/internal/simd"
)

// tileLength is L of the quadratic form.
const tileLength = 64

// chunkLength returns C and L of the chunked form with m features. The scores inside a chunk cost C/2 (K+V)
// a token beside m (V+1) for the state, so a large m allows longer chunks, whose products run faster.
func chunkLength(m int) int {
	if m >= 512 {
		return 128
	}
	return 64
}

// paddedColumns returns M, m rounded up so that no vector of a row of the state crosses a cache line.
func paddedColumns(m int) int { return (m + 15) / 16 * 16 }

// transpose writes the transpose of src [rows, n], whose rows are strideSrc apart, to dst [n, rows], whose
// rows are strideDst apart.
func transpose[F simd.Float](dst, src []F, rows, n, strideDst, strideSrc int) {
	i := 0
	for ; i+4 <= rows; i += 4 { // four rows at a time: whole parts of the cache lines of dst
		a, b := src[i*strideSrc:][:n], src[(i+1)*strideSrc:][:n]
		c, d := src[(i+2)*strideSrc:][:n], src[(i+3)*strideSrc:][:n]
		for j := range a {
			out := dst[j*strideDst+i:][:4]
			out[0], out[1], out[2], out[3] = a[j], b[j], c[j], d[j]
		}
	}
	for ; i < rows; i++ {
		for j, x := range src[i*strideSrc:][:n] {
			dst[j*strideDst+i] = x
		}
	}
}
