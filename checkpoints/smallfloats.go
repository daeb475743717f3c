package checkpoints

import "math"

// The floats of at most 8 bits. E is the number of bits of the exponent, M of the fraction. F8_E4M3 and F8_E5M2
// are those of Micikevicius and others, "FP8 formats for deep learning" (arXiv 2209.05433); F8_E8M0 and F4 of
// the OCP Microscaling Formats specification, version 1.0; the kinds FNUZ (finite, no negative zero) of
// Noune and others, "8-bit numerical formats for deep neural networks" (arXiv 2206.02915).

// smallFloat is the number of a code of a sign, exponent bits and fraction bits, as if no code were special.
func smallFloat(code byte, exponentBits, fractionBits uint, bias int) float64 {
	fraction := int(code) & (1<<fractionBits - 1)
	exponent := int(code>>fractionBits) & (1<<exponentBits - 1)
	if exponent == 0 { // subnormal
		exponent = 1
	} else {
		fraction += 1 << fractionBits
	}
	x := math.Ldexp(float64(fraction), exponent-bias-int(fractionBits))
	if code>>(exponentBits+fractionBits)&1 == 1 {
		return -x // of 0 too
	}
	return x
}

// float8E5M2 has the infinities and NaNs of IEEE 754.
func float8E5M2(code byte) float64 {
	switch magnitude := code & 0x7f; {
	case magnitude == 0x7c:
		return math.Inf(1 - 2*int(code>>7))
	case magnitude > 0x7c:
		return math.NaN()
	}
	return smallFloat(code, 5, 2, 15)
}

// float8E4M3 has no infinities, and NaN where all bits but the sign are set.
func float8E4M3(code byte) float64 {
	if code&0x7f == 0x7f {
		return math.NaN()
	}
	return smallFloat(code, 4, 3, 7)
}

// float8E5M2FNUZ has no infinities, and NaN in the place of negative zero.
func float8E5M2FNUZ(code byte) float64 {
	if code == 0x80 {
		return math.NaN()
	}
	return smallFloat(code, 5, 2, 16)
}

// float8E4M3FNUZ has no infinities, and NaN in the place of negative zero.
func float8E4M3FNUZ(code byte) float64 {
	if code == 0x80 {
		return math.NaN()
	}
	return smallFloat(code, 4, 3, 8)
}

// float8E8M0 is a power of two, and NaN where all bits are set.
func float8E8M0(code byte) float64 {
	if code == 0xff {
		return math.NaN()
	}
	return math.Ldexp(1, int(code)-127)
}

// float4 is E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
func float4(code byte) float64 { return smallFloat(code, 2, 1, 1) }
