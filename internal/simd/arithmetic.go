package simd

import "goomtrain/internal/simd/floats"

// Add sets dst[i] = x[i] + y[i].
func Add[F Float](dst, x, y []F) {
	checkMap("Add", dst, x)
	checkMap("Add", dst, y)
	if floats.Single[F]() {
		add32(floats.As32(dst), floats.As32(x), floats.As32(y))
		return
	}
	addPortable(dst, x, y)
}

// Mul sets dst[i] = x[i] * y[i].
func Mul[F Float](dst, x, y []F) {
	checkMap("Mul", dst, x)
	checkMap("Mul", dst, y)
	if floats.Single[F]() {
		mul32(floats.As32(dst), floats.As32(x), floats.As32(y))
		return
	}
	mulPortable(dst, x, y)
}

// Scale sets dst[i] = alpha * x[i].
func Scale[F Float](dst []F, alpha F, x []F) {
	checkMap("Scale", dst, x)
	if floats.Single[F]() {
		scale32(floats.As32(dst), float32(alpha), floats.As32(x))
		return
	}
	scalePortable(dst, alpha, x)
}

// Reciprocal sets dst[i] = 1 / x[i].
func Reciprocal[F Float](dst, x []F) {
	checkMap("Reciprocal", dst, x)
	if floats.Single[F]() {
		reciprocal32(floats.As32(dst), floats.As32(x))
		return
	}
	reciprocalPortable(dst, x)
}

// AddScaled adds alpha * x[i] to dst[i].
func AddScaled[F Float](dst []F, alpha F, x []F) {
	checkMap("AddScaled", dst, x)
	if floats.Single[F]() {
		addScaled32(floats.As32(dst), float32(alpha), floats.As32(x))
		return
	}
	addScaledPortable(dst, alpha, x)
}

// ScaleAddMaxAbs sets dst[i] = a*x[i] + b*y[i] and returns the largest magnitude in dst, NaN if dst has a NaN, 0 if
// it is empty.
func ScaleAddMaxAbs[F Float](dst []F, a F, x []F, b F, y []F) F {
	checkMap("ScaleAddMaxAbs", dst, x)
	checkMap("ScaleAddMaxAbs", dst, y)
	if floats.Single[F]() {
		return F(scaleAddMaxAbs32(floats.As32(dst), float32(a), floats.As32(x), float32(b), floats.As32(y)))
	}
	return scaleAddMaxAbsPortable(dst, a, x, b, y)
}
