package simd

import "math"

// The functions are computed in float64 and rounded once.

func expPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = F(math.Exp(float64(x)))
	}
}

func logPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = F(Log64(float64(x)))
	}
}

func log1pPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = F(math.Log1p(float64(x)))
	}
}

func expSumPortable[F Float](dst, src []F, c F) F {
	var sum float64
	for i, x := range src {
		dst[i] = F(math.Exp(float64(x - c)))
		sum += float64(dst[i])
	}
	return F(sum)
}

func expSumOnlyPortable[F Float](src []F, c F) F {
	var sum float64
	for _, x := range src {
		sum += math.Exp(float64(x - c))
	}
	return F(sum)
}
