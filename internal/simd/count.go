package simd

import "goomtrain/internal/simd/floats"

// CountBelow returns how many x[i] are smaller than least or NaN.
func CountBelow[F Float](x []F, least F) int {
	if floats.Single[F]() {
		return countBelow32(floats.As32(x), float32(least))
	}
	return countBelowPortable(x, least)
}

// CountAbsBelow returns how many |x[i]| are smaller than least or NaN.
func CountAbsBelow[F Float](x []F, least F) int {
	if floats.Single[F]() {
		return countAbsBelow32(floats.As32(x), float32(least))
	}
	return countAbsBelowPortable(x, least)
}
