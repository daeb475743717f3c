//go:build amd64 && !noasm

package matmul

import (
	"unsafe"

	"goomtrain/internal/simd/cpu"
	"goomtrain/internal/simd/floats"
)

// packPanels writes k rows and n columns of B as panels, see packPanelsPortable.
func packPanels[F floats.Float](dst, b []F, rsb, csb, k, n int) {
	switch {
	case !cpu.AVX2 || csb != 1 && !floats.Single[F]():
		packPanelsPortable(dst, b, rsb, csb, k, n)
	case csb == 1:
		packRowMajor(dst, b, rsb, k, n)
	default:
		packTransposed(floats.As32(dst), floats.As32(b), csb, k, n)
	}
}

// packRowMajor is packPanels of a B that is stored as it stands: its rows are contiguous.
func packRowMajor[F floats.Float](dst, b []F, rsb, k, n int) {
	width, size := panelWidth[F](), int(unsafe.Sizeof(F(0)))
	if panels := n / width; panels > 0 {
		packRowsAVX2((*byte)(unsafe.Pointer(&dst[0])), (*byte)(unsafe.Pointer(&b[0])), width*k*size, rsb*size, k, panels)
	}
	if done := n / width * width; done < n {
		packPanelsPortable(dst[done*k:], b[done:], rsb, 1, k, n-done)
	}
}

// packTransposed is packPanels of a B that is stored transposed: its columns are contiguous. It packs half a panel at
// a time.
func packTransposed(dst, b []float32, csb, k, n int) {
	blocks := k / 8
	for j := 0; j < n; j += 8 {
		at := j/16*16*k + j%16
		if j+8 > n {
			packPanelsPortable(dst[at:], b[j*csb:], 1, csb, k, n-j)
			return
		}
		if blocks > 0 {
			packTransposedAVX2(&dst[at], &b[j*csb], csb*4, blocks)
		}
		for p := 8 * blocks; p < k; p++ {
			for i := range 8 {
				dst[at+16*p+i] = b[(j+i)*csb+p]
			}
		}
	}
}

// copyRows copies rows of width elements between row strides ldd and lds.
func copyRows[F floats.Float](dst []F, ldd int, src []F, lds, width, rows int) {
	size := int(unsafe.Sizeof(F(0)))
	if !cpu.AVX2 || width*size < 32 {
		copyRowsPortable(dst, ldd, src, lds, width, rows)
		return
	}
	copyRowsAVX2((*byte)(unsafe.Pointer(&dst[0])), (*byte)(unsafe.Pointer(&src[0])), ldd*size, lds*size, width*size, rows)
}
