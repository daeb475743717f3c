package simd

import "goomtrain/internal/simd/floats"

// Sum returns the sum of x.
func Sum[F Float](x []F) F {
	if floats.Single[F]() {
		return F(sum32(floats.As32(x)))
	}
	return sumPortable(x)
}

// SumSquares returns the sum of the squares of x.
func SumSquares[F Float](x []F) F {
	if floats.Single[F]() {
		return F(sumSquares32(floats.As32(x)))
	}
	return dotPortable(x, x)
}

// Dot returns the inner product of x and y, which have one length.
func Dot[F Float](x, y []F) F {
	if len(x) != len(y) {
		panicLengths("Dot", len(x), len(y))
	}
	if floats.Single[F]() {
		return F(dot32(floats.As32(x), floats.As32(y)))
	}
	return dotPortable(x, y)
}

// Max returns the largest element of x, NaN if there is a NaN. It panics if x is empty.
func Max[F Float](x []F) F {
	if len(x) == 0 {
		panicEmpty("Max")
	}
	if floats.Single[F]() {
		return F(max32(floats.As32(x)))
	}
	return maxPortable(x)
}

// MaxAbs returns the largest magnitude in x, NaN if there is a NaN, 0 if x is empty.
func MaxAbs[F Float](x []F) F {
	if floats.Single[F]() {
		return F(maxAbs32(floats.As32(x)))
	}
	return maxAbsPortable(x)
}

// ArgMax returns the first index of the largest element of x, that of the first NaN if there is one. It panics if x
// is empty.
func ArgMax[F Float](x []F) int {
	if len(x) == 0 {
		panicEmpty("ArgMax")
	}
	if floats.Single[F]() {
		return argMax32(floats.As32(x))
	}
	return indexOf(x, maxPortable(x))
}
