package simd

import "math"

// Add sets dst = x + y.
func Add[F Float](dst, x, y []F) {
	checkMap("Add", dst, x)
	checkMap("Add", dst, y)
	if single[F]() {
		add32(as32(dst), as32(x), as32(y))
		return
	}
	addPortable(dst, x, y)
}

// Mul sets dst = x * y, element by element.
func Mul[F Float](dst, x, y []F) {
	checkMap("Mul", dst, x)
	checkMap("Mul", dst, y)
	if single[F]() {
		mul32(as32(dst), as32(x), as32(y))
		return
	}
	mulPortable(dst, x, y)
}

// Scale sets dst = alpha * x.
func Scale[F Float](dst []F, alpha F, x []F) {
	checkMap("Scale", dst, x)
	if single[F]() {
		scale32(as32(dst), float32(alpha), as32(x))
		return
	}
	scalePortable(dst, alpha, x)
}

// AddScaled adds alpha * x to dst.
func AddScaled[F Float](dst []F, alpha F, x []F) {
	checkMap("AddScaled", dst, x)
	if single[F]() {
		addScaled32(as32(dst), float32(alpha), as32(x))
		return
	}
	addScaledPortable(dst, alpha, x)
}

// ScaleAddMaxAbs sets dst = a*x + b*y and returns the largest magnitude in dst, NaN if dst has a NaN,
// 0 if it is empty.
func ScaleAddMaxAbs[F Float](dst []F, a F, x []F, b F, y []F) F {
	checkMap("ScaleAddMaxAbs", dst, x)
	checkMap("ScaleAddMaxAbs", dst, y)
	if single[F]() {
		return F(scaleAddMaxAbs32(as32(dst), float32(a), as32(x), float32(b), as32(y)))
	}
	return scaleAddMaxAbsPortable(dst, a, x, b, y)
}

// Sum returns the sum of x.
func Sum[F Float](x []F) F {
	if single[F]() {
		return F(sum32(as32(x)))
	}
	return sumPortable(x)
}

// SumSquares returns the sum of the squares of x.
func SumSquares[F Float](x []F) F {
	if single[F]() {
		return F(sumSquares32(as32(x)))
	}
	return dotPortable(x, x)
}

// Dot returns the inner product of x and y.
func Dot[F Float](x, y []F) F {
	if len(x) != len(y) {
		panicLengths("Dot", len(x), len(y))
	}
	if single[F]() {
		return F(dot32(as32(x), as32(y)))
	}
	return dotPortable(x, y)
}

// Max returns the largest element of x, NaN if there is a NaN. It panics if x is empty.
func Max[F Float](x []F) F {
	if len(x) == 0 {
		panicEmpty("Max")
	}
	if single[F]() {
		return F(max32(as32(x)))
	}
	return maxPortable(x)
}

// MaxAbs returns the largest magnitude in x, NaN if there is a NaN, 0 if x is empty.
func MaxAbs[F Float](x []F) F {
	if single[F]() {
		return F(maxAbs32(as32(x)))
	}
	return maxAbsPortable(x)
}

// ArgMax returns the first index of the largest element of x, that of the first NaN if there is one.
// It panics if x is empty.
func ArgMax[F Float](x []F) int {
	if len(x) == 0 {
		panicEmpty("ArgMax")
	}
	if single[F]() {
		return argMax32(as32(x))
	}
	return indexOf(x, maxPortable(x))
}

// Portable twins, generic: they serve float64 everywhere and float32 without assembly. Sums run in
// float64 over four accumulators, which break the chain of dependent additions.

func addPortable[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

func mulPortable[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

func scalePortable[F Float](dst []F, alpha F, x []F) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = alpha * x[i]
	}
}

func addScaledPortable[F Float](dst []F, alpha F, x []F) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += alpha * x[i]
	}
}

func scaleAddMaxAbsPortable[F Float](dst []F, a F, x []F, b F, y []F) F {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = a*x[i] + b*y[i]
	}
	return maxAbsPortable(dst)
}

func sumPortable[F Float](x []F) F {
	var s0, s1, s2, s3 float64
	for len(x) >= 4 {
		s0, s1, s2, s3 = s0+float64(x[0]), s1+float64(x[1]), s2+float64(x[2]), s3+float64(x[3])
		x = x[4:]
	}
	for _, v := range x {
		s0 += float64(v)
	}
	return F((s0 + s1) + (s2 + s3))
}

func dotPortable[F Float](x, y []F) F {
	var s0, s1, s2, s3 float64
	y = y[:len(x)]
	for len(x) >= 4 && len(y) >= 4 {
		s0 += float64(x[0]) * float64(y[0])
		s1 += float64(x[1]) * float64(y[1])
		s2 += float64(x[2]) * float64(y[2])
		s3 += float64(x[3]) * float64(y[3])
		x, y = x[4:], y[4:]
	}
	for i, v := range x {
		s0 += float64(v) * float64(y[i])
	}
	return F((s0 + s1) + (s2 + s3))
}

func maxPortable[F Float](x []F) F {
	best := x[0]
	for _, v := range x[1:] {
		if v > best || v != v {
			best = v
		}
		if best != best {
			return best
		}
	}
	return best
}

func maxAbsPortable[F Float](x []F) F {
	var best float64
	for _, v := range x {
		best = max(best, math.Abs(float64(v))) // the built-in max keeps NaN
	}
	return F(best)
}

// indexOf returns the first index of v in x, where NaN equals NaN, and -1 if there is none.
func indexOf[F Float](x []F, v F) int {
	for i, u := range x {
		if u == v || u != u && v != v {
			return i
		}
	}
	return -1
}
