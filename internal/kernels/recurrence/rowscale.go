package recurrence

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
)

// exactPower is the largest exponent with which rows of scaled mantissas are multiplied at full speed.
const exactPower = 90

// power returns c*2^e as a factor of a row of scaled mantissas with this largest one. Where the product might exceed the
// largest gradient or lose digits to underflow it is not safe. c is at most 2^36, as the scales of rows are.
func power[F simd.Float](c F, e int64, largest F) (factor F, safe bool) {
	switch {
	case e == 0:
		return c, true
	case e >= -exactPower && e <= exactPower:
		factor := float64(c) * twoTo(e)
		return F(factor), e < 0 || factor*float64(largest) <= saturation[F]()
	case e < vanishing[F]():
		return 0, c == c
	}
	return c, false
}

// vanishing is the exponent below which no product of scaled rows and their scales has a float.
func vanishing[F simd.Float]() int64 {
	if floats.Single[F]() {
		return -300
	}
	return -1300
}

// aligned returns c*2^e as the factor of a row that is added to one of scaled mantissas, or 0 if the row counts for
// nothing beside a sum within the range of scales. Otherwise it is not safe.
func aligned[F simd.Float](c F, e int64, row []F) (factor F, safe bool) {
	if e >= -exactPower && e <= exactPower {
		return F(float64(c) * twoTo(e)), true
	}
	m := float64(c) * float64(simd.MaxAbs(row))
	if m == 0 || e < 0 && math.Ldexp(m, int(max(e, -4000))) < negligible[F]() {
		return 0, true
	}
	return c, false
}

// negligible is a fraction of a rounding error of the smallest scale.
func negligible[F simd.Float]() float64 {
	if floats.Single[F]() {
		return smallestScale / (1 << 30)
	}
	return smallestScale / (1 << 60)
}

// harmless reports whether a sum of products with this largest magnitude has neither overflowed nor lost digits that
// count to underflow.
func harmless[F simd.Float](largest F) bool { return largest >= 1.0/(1<<90) && largest <= 1<<90 }

// twoTo returns 2^e, e not far from 0.
func twoTo(e int64) float64 { return math.Float64frombits(uint64(1023+e) << 52) }

// scaledRow writes dst = x*2^e; where that leaves the range of F it stops at a large finite value, as in saturated.
func scaledRow[F simd.Float](dst, x []F, e int64) {
	limit := saturation[F]()
	if e >= -1000 && e <= 1000 {
		factor := twoTo(e)
		for i, v := range x {
			dst[i] = F(max(-limit, min(limit, float64(v)*factor)))
		}
		return
	}
	for i, v := range x {
		dst[i] = F(limited(float64(v), e, limit))
	}
}

// limited is v*2^e between -limit and limit.
func limited(v float64, e int64, limit float64) float64 {
	return max(-limit, min(limit, math.Ldexp(v, int(max(-4000, min(4000, e))))))
}

// saturate writes x to dst, between the largest gradients.
func saturate[F simd.Float](dst []F, x []float64) {
	limit := saturation[F]()
	for i, v := range x {
		dst[i] = F(max(-limit, min(limit, v)))
	}
}
