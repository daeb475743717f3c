package simd

func convPortable[F Float](dst, src, w, bias []F, s ConvShape) {
	n := len(bias)
	for r := range s.Rows {
		row := dst[r*s.StrideDst:][:n]
		copy(row, bias)
		for i := range s.Taps {
			x, a := src[(r+i)*s.StrideSrc:][:n], w[i*s.StrideW:][:n]
			for j := range row {
				row[j] += a[j] * x[j]
			}
		}
	}
}

func convSiLUPortable[F Float](dst, src, w, bias []F, s ConvShape) {
	convPortable(dst, src, w, bias, s)
	for r := range s.Rows {
		row := dst[r*s.StrideDst:][:len(bias)]
		siluPortable(row, row)
	}
}

func convSiLUBackwardPortable[F Float](dst, dy, src, w, bias []F, s ConvShape) {
	convPortable(dst, src, w, bias, s)
	for r := range s.Rows {
		row := dst[r*s.StrideDst:][:len(bias)]
		siluBackwardPortable(row, dy[r*s.StrideDY:][:len(bias)], row)
	}
}

func convWeightsPortable[F Float](dw, dy, src []F, n int, s ConvShape) {
	for i := range s.Taps {
		addProductsPortable(dw[i*s.StrideW:][:n], dy, src[i*s.StrideSrc:], s.Rows, s.StrideDY, s.StrideSrc)
	}
}

func addProductsPortable[F Float](dst, x, y []F, rows, strideX, strideY int) {
	for r := range rows {
		a, b := x[r*strideX:][:len(dst)], y[r*strideY:][:len(dst)]
		for j := range dst {
			dst[j] += a[j] * b[j]
		}
	}
}
