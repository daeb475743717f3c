package recurrence

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
)

// Rows in block-scaled form: value = mantissa * 2^exponent, one int64 exponent a row. Rescaling by a
// power of two is exact. The largest mantissa of a row is kept within [2^-32, 2^32], so that products
// of rows with matrices of moderate entries neither overflow nor lose digits, and most steps need no
// rescaling at all.
const (
	smallestScale = 1.0 / (1 << 32)
	largestScale  = 1 << 32
)

// powerOfTwo returns 2^k as a factor: 0 below the range of F, where what it multiplies is negligible
// beside the operand of factor 1.
func powerOfTwo[F simd.Float](k int64) F {
	switch {
	case k == 0:
		return 1
	case k < -1000:
		return 0
	}
	return F(math.Ldexp(1, int(k)))
}

// addScaled writes dst = x*2^ex + c*y*2^ey as a block-scaled row, and returns its largest mantissa
// and its exponent. dst must be neither x nor y. A row of zeros has exponent 0. c is positive or 0.
func addScaled[F simd.Float](dst, x []F, ex int64, c F, y []F, ey int64) (largest F, e int64) {
	var factor F
	var safe bool
	if ex >= ey {
		factor, safe = aligned(c, ey-ex, y)
		largest, e = simd.ScaleAddMaxAbs(dst, 1, x, factor, y), ex
	} else {
		factor, safe = aligned(1, ex-ey, x)
		largest, e = simd.ScaleAddMaxAbs(dst, factor, x, c, y), ey
	}
	if safe && largest >= smallestScale && largest <= largestScale {
		return largest, e
	}
	return addScaledSlowly(dst, x, ex, c, y, ey)
}

// ordinary reports whether rows with these largest mantissas need no rescaling.
func ordinary[F simd.Float](largest []F) bool {
	for _, m := range largest {
		if !(m >= smallestScale && m <= largestScale) {
			return false
		}
	}
	return true
}

// zeros reports whether all exponents are 0.
func zeros(exponents []int64) bool {
	for _, e := range exponents {
		if e != 0 {
			return false
		}
	}
	return true
}

// addScaledSlowly is addScaled for sums that leave the range of scales: it aligns the operands by
// their magnitudes, not by their exponents, so that no digit that counts is lost.
func addScaledSlowly[F simd.Float](dst, x []F, ex int64, c F, y []F, ey int64) (F, int64) {
	mx, my := float64(simd.MaxAbs(x)), float64(c)*float64(simd.MaxAbs(y))
	if !(mx <= math.MaxFloat64 && my <= math.MaxFloat64) { // NaN or infinite: let it show
		return simd.ScaleAddMaxAbs(dst, 1, x, c, y), max(ex, ey)
	}
	if mx == 0 && my == 0 {
		clear(dst)
		return 0, 0
	}
	e := int64(math.MinInt64)
	if mx > 0 {
		e = ex + int64(math.Ilogb(mx))
	}
	if my > 0 {
		e = max(e, ey+int64(math.Ilogb(my)))
	}
	sx, sy := shift(ex, e), shift(ey, e)
	var largest F
	for i := range dst {
		dst[i] = F(math.Ldexp(float64(x[i]), sx) + math.Ldexp(float64(c)*float64(y[i]), sy))
		largest = max(largest, max(dst[i], -dst[i]))
	}
	if largest == 0 {
		return 0, 0
	}
	if largest < smallestScale { // the operands canceled
		k := math.Ilogb(float64(largest))
		for i := range dst {
			dst[i] = F(math.Ldexp(float64(dst[i]), -k))
		}
		largest, e = F(math.Ldexp(float64(largest), -k)), e+int64(k)
	}
	return largest, e
}

// shift returns from - to within the range that Ldexp needs.
func shift(from, to int64) int { return int(max(-4000, min(4000, from-to))) }

// normalize brings a row of any finite magnitude to the range of scales in place, and returns the
// exponent that this takes away.
func normalize[F simd.Float](row []F) (e int64) {
	largest := float64(simd.MaxAbs(row))
	if largest == 0 || largest >= smallestScale && largest <= largestScale || !(largest <= math.MaxFloat64) {
		return 0
	}
	k := math.Ilogb(largest)
	for i, v := range row {
		row[i] = F(math.Ldexp(float64(v), -k))
	}
	return int64(k)
}

// saturated writes dst = x*2^e; where that leaves the range of F it stops at a large finite value, so
// that zeros times it stay zeros and a norm can still be taken.
func saturated[F simd.Float](dst, x []F, e int64) {
	if e == 0 {
		copy(dst, x)
		return
	}
	if e < 0 {
		simd.Scale(dst, powerOfTwo[F](e), x)
		return
	}
	limit := saturation[F]()
	for i, v := range x {
		dst[i] = F(max(-limit, min(limit, math.Ldexp(float64(v), int(min(e, 4000))))))
	}
}

// saturation returns the largest magnitude of a gradient whose true value has no float.
func saturation[F simd.Float]() float64 {
	if floats.Single[F]() {
		return math.Ldexp(1, 100)
	}
	return math.Ldexp(1, 1000)
}
