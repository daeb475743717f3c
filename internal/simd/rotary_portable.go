package simd

func rotateHeadsPortable[F Float](dst, x, cos, sin []F, width int, back bool) {
	half := len(cos)
	sin = sin[:half]
	for ; len(x) > 0; dst, x = dst[width:], x[width:] {
		x0, x1 := x[:half], x[half:2*half]
		y0, y1 := dst[:half], dst[half:2*half]
		for i, c := range cos {
			s := sin[i]
			if back {
				s = -s
			}
			y0[i], y1[i] = x0[i]*c-x1[i]*s, x1[i]*c+x0[i]*s
		}
		copy(dst[2*half:width], x[2*half:width])
	}
}
