package simd

func addRowsPortable[F Float](dst, top, x, y, c []F, width int) {
	for r := range top {
		lo, hi := r*width, (r+1)*width
		top[r] = scaleAddMaxAbsPortable(dst[lo:hi], 1, x[lo:hi], c[r], y[lo:hi])
	}
}

func scaleRowsPortable[F Float](dst, x, c []F, width int) {
	for r, s := range c {
		scalePortable(dst[r*width:(r+1)*width], s, x[r*width:(r+1)*width])
	}
}

func mulHeadsPortable[F Float](dst, x, a []F, heads, rows, width int) {
	for n := range heads * rows {
		row := dst[n*width : (n+1)*width]
		m := a[n/rows*width*width:][:width*width]
		clear(row)
		for i, v := range x[n*width : (n+1)*width] {
			for j, w := range m[i*width : (i+1)*width] {
				row[j] += v * w
			}
		}
	}
}

func mulHeadsTransposedPortable[F Float](dst, top, x, a []F, heads, rows, width int) {
	for n := range heads * rows {
		row := x[n*width : (n+1)*width]
		m := a[n/rows*width*width:][:width*width]
		for i := range width {
			dst[n*width+i] = dotPortable(row, m[i*width:(i+1)*width])
		}
		top[n] = maxAbsPortable(dst[n*width : (n+1)*width])
	}
}

func outerHeadsPortable[F Float](dst, x, y []F, heads, rows, width int, add bool) {
	if !add {
		clear(dst)
	}
	for n := range heads * rows {
		m := dst[n/rows*width*width:][:width*width]
		for i, v := range x[n*width : (n+1)*width] {
			for j, w := range y[n*width : (n+1)*width] {
				m[i*width+j] += v * w
			}
		}
	}
}
