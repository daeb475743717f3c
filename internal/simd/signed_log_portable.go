package simd

import "math"

func signedExpPortable[F Float](dst, l, s []F, c F) {
	for i, x := range l {
		dst[i] = s[i] * F(math.Exp(float64(x-c)))
	}
}

func logAbsPortable[F Float](l, s, x []F, c, least F) (below int) {
	for i, v := range x {
		s[i] = F(math.Copysign(1, float64(v)))
		v = F(math.Abs(float64(v)))
		if !(v >= least) {
			below++
		}
		l[i] = F(Log64(float64(v))) + c
	}
	return below
}
