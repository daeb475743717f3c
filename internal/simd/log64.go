package simd

import "math"

// Log64 returns the natural logarithm of x, as [math.Log] does, and is right for subnormal x too: on amd64
// math.Log takes the exponent of a subnormal number from its bits, which do not hold it, and math.Log(5e-324)
// is -709.1 where -744.4 is right. Normal numbers, zeros, negative numbers, infinities and NaN give math.Log's
// bits; the logarithm of a subnormal number is within 1 ulp.
func Log64(x float64) float64 {
	const smallestNormal = 0x1p-1022
	if 0 < x && x < smallestNormal {
		return logSubnormal(x)
	}
	return math.Log(x)
}

// logSubnormal is exponent*ln 2 + log(fraction). Log 2 is split as package math splits it, so that the product of
// the exponent and the upper part is exact.
func logSubnormal(x float64) float64 {
	const (
		ln2Hi = 0x1.62e42feep-1 // 32 bits
		ln2Lo = 0x1.a39ef35793c76p-33
	)
	fraction, exponent := math.Frexp(x) // fraction in [1/2, 1), exponent in [-1073, -1022]
	k := float64(exponent)
	return k*ln2Hi + (k*ln2Lo + math.Log(fraction))
}
