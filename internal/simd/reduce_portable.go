package simd

import "math"

// Sums have four accumulators in float64, so that an addition need not wait for the one before it.

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
