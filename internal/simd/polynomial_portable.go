package simd

func polynomialPortable[F Float](value, slope, x, c []F) {
	top := len(c) - 1
	for i, v := range x {
		y, d := c[top], F(0)
		for p := top - 1; p >= 0; p-- {
			d = d*v + y
			y = y*v + c[p]
		}
		value[i] = y
		if slope != nil {
			slope[i] = d
		}
	}
}
