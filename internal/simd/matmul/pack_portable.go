package matmul

import "goomtrain/internal/simd/floats"

// copyRowsPortable copies rows of width elements between row strides ldd and lds.
func copyRowsPortable[F floats.Float](dst []F, ldd int, src []F, lds, width, rows int) {
	for i := range rows {
		copy(dst[i*ldd:i*ldd+width], src[i*lds:])
	}
}

// packPanelsPortable writes k rows and n columns of B as panels of k rows. Missing columns of the last panel are left
// as they are: the kernels compute with them and drop the result.
func packPanelsPortable[F floats.Float](dst, b []F, rsb, csb, k, n int) {
	width := panelWidth[F]()
	for j := range n {
		panel := dst[j/width*width*k+j%width:]
		if csb != 1 { // along the stored rows of B, which are its columns
			column := b[j*csb:]
			for p := range k {
				panel[p*width] = column[p*rsb]
			}
			continue
		}
		if j%width == 0 {
			columns := min(width, n-j)
			for p := range k {
				copy(panel[p*width:p*width+columns], b[p*rsb+j:])
			}
		}
	}
}
