package simd

func gluRowsPortable[F Float](dst, x []F, d int) {
	for ; len(dst) > 0; dst, x = dst[d:], x[2*d:] {
		gluPortable(dst[:d], x[:d], x[d:2*d])
	}
}

func gluBackwardRowsPortable[F Float](dx, dy, x []F, d int) {
	for ; len(dy) > 0; dx, dy, x = dx[2*d:], dy[d:], x[2*d:] {
		gluBackwardPortable(dx[:d], dx[d:2*d], dy[:d], x[:d], x[d:2*d])
	}
}

func gluPortable[F Float](dst, a, b []F) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * F(sigmoid(float64(b[i])))
	}
}

func gluBackwardPortable[F Float](da, db, dy, a, b []F) {
	da, db, a, b = da[:len(dy)], db[:len(dy)], a[:len(dy)], b[:len(dy)]
	for i, d := range dy {
		s, u := F(sigmoid(float64(b[i]))), a[i]
		da[i] = d * s
		db[i] = d * u * (s - s*s)
	}
}
