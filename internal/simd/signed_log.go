package simd

import "goomtrain/internal/simd/floats"

// Conversions between floats and logarithms with signs, each in one pass over memory.

// SignedExp sets dst[i] = s[i] * exp(l[i] - c). dst may be l or s.
func SignedExp[F Float](dst, l, s []F, c F) {
	checkMap("SignedExp", dst, l)
	checkMap("SignedExp", dst, s)
	if floats.Single[F]() {
		signedExp32(floats.As32(dst), floats.As32(l), floats.As32(s), float32(c))
		return
	}
	signedExpPortable(dst, l, s, c)
}

// LogAbs sets l[i] = log|x[i]| + c and s[i] to the sign of x[i], +1 or -1 (-1 for a negative zero), and returns how
// many |x[i]| are smaller than least or NaN. l may be x; s must not share memory with l or x.
func LogAbs[F Float](l, s, x []F, c, least F) (below int) {
	checkMap("LogAbs", l, x)
	checkMap("LogAbs", s, x)
	if floats.Share(s, x) || floats.Share(s, l) {
		panicOverlap("LogAbs")
	}
	if floats.Single[F]() {
		return logAbs32(floats.As32(l), floats.As32(s), floats.As32(x), float32(c), float32(least))
	}
	return logAbsPortable(l, s, x, c, least)
}
