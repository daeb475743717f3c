package simd

import "math"

// The two passages between logarithms with signs and floats, each in one pass over memory.

// SignedExp sets dst[i] = s[i] * exp(l[i] - c). dst may be l or s.
func SignedExp[F Float](dst, l, s []F, c F) {
	checkMap("SignedExp", dst, l)
	checkMap("SignedExp", dst, s)
	if single[F]() {
		signedExp32(as32(dst), as32(l), as32(s), float32(c))
		return
	}
	signedExpPortable(dst, l, s, c)
}

// LogAbs sets l[i] = log|x[i]| + c and s[i] to +1 or -1, the sign of x[i] (of a negative zero -1), and returns
// how many |x[i]| are below least or NaN. l may be x; s shares memory with neither.
func LogAbs[F Float](l, s, x []F, c, least F) (doubtful int) {
	checkMap("LogAbs", l, x)
	checkMap("LogAbs", s, x)
	if shared(s, x) || shared(s, l) {
		panicOverlap("LogAbs")
	}
	if single[F]() {
		return logAbs32(as32(l), as32(s), as32(x), float32(c), float32(least))
	}
	return logAbsPortable(l, s, x, c, least)
}

// CountBelow returns how many x[i] are not at least least: smaller, or NaN.
func CountBelow[F Float](x []F, least F) int {
	if single[F]() {
		return countBelow32(as32(x), float32(least))
	}
	return countBelowPortable(x, least)
}

// CountAbsBelow returns how many |x[i]| are not at least least: smaller, or NaN.
func CountAbsBelow[F Float](x []F, least F) int {
	if single[F]() {
		return countAbsBelow32(as32(x), float32(least))
	}
	return countAbsBelowPortable(x, least)
}

func countBelowPortable[F Float](x []F, least F) (count int) {
	for _, v := range x {
		if !(v >= least) {
			count++
		}
	}
	return count
}

func countAbsBelowPortable[F Float](x []F, least F) (count int) {
	for _, v := range x {
		if !(v >= least || -v >= least) {
			count++
		}
	}
	return count
}

func signedExpPortable[F Float](dst, l, s []F, c F) {
	for i, x := range l {
		dst[i] = s[i] * F(math.Exp(float64(x-c)))
	}
}

func logAbsPortable[F Float](l, s, x []F, c, least F) (doubtful int) {
	for i, v := range x {
		s[i] = F(math.Copysign(1, float64(v)))
		v = F(math.Abs(float64(v)))
		if !(v >= least) {
			doubtful++
		}
		l[i] = F(Log64(float64(v))) + c
	}
	return doubtful
}
