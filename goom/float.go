package goom

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
)

// Float is the element type: float32 or float64.
type Float = simd.Float

const (
	ln2   = math.Ln2
	ln2Lo = 2.3190468138462996e-17 // ln 2 - float64(ln 2)
)

// Floor is the finite logarithm that stands for zero, 2 ln(smallest normal number): -174.673 in
// float32, -1416.79 in float64. It exponentiates to zero. A result that is not zero never has it: where its logarithm
// would be Floor, it gets the float below.
func Floor[F Float]() F {
	if floats.Single[F]() {
		return F(float32(-174.6730895011062))
	}
	f := -1416.7928370645282 // a variable, since the constant does not fit every F exactly
	return F(f)
}

// Epsilon is the distance from 1 to the next larger F.
func Epsilon[F Float]() F {
	if floats.Single[F]() {
		return 0x1p-23
	}
	return 0x1p-52
}

// IsZero reports whether a logarithm stands for zero: it is the floor or -Inf. A finite logarithm
// below the floor is an ordinary, very small number.
func IsZero[F Float](l F) bool { return l == Floor[F]() || math.IsInf(float64(l), -1) }

// nonzero is how a tensor holds the logarithm of a number that is not zero: as it is, but one that happens to be Floor,
// which would make the number zero, becomes the float below.
func nonzero[F Float](l F) F {
	if l == Floor[F]() {
		return below(l)
	}
	return l
}

// below is the next float below x.
func below[F Float](x F) F {
	if floats.Single[F]() {
		return F(math.Nextafter32(float32(x), float32(math.Inf(-1))))
	}
	return F(math.Nextafter(float64(x), math.Inf(-1)))
}

// offFloor is nonzero for the logarithms ln|x| + c of a slice of floats x; -Inf is zero.
func offFloor[F Float](l []F, c F) {
	if d := Floor[F]() - c; d < -reach[F]() || d > reach[F]() { // no float's logarithm is so large
		return
	}
	for i, v := range l {
		l[i] = nonzero(v)
	}
}

// reach is how far logarithms may lie below a constant c: exp(l - c) is 0 where l - c < -reach.
func reach[F Float]() F {
	if floats.Single[F]() {
		return 104
	}
	return 746
}

// A magnitude is the bit pattern of |x|, which has the order of |x|. That of a float32 is extended by zero bits.
type magnitude = uint64

// infMagnitude is the magnitude of infinity. Larger ones are NaN's.
func infMagnitude[F Float]() magnitude {
	if floats.Single[F]() {
		return 0xff << 23
	}
	return 0x7ff << 52
}

// within reports whether every magnitude of x is at least 2^exponent and none is a NaN's.
func within[F Float](x []F, exponent int) bool {
	return simd.CountAbsBelow(x, F(math.Ldexp(1, exponent))) == 0
}

// leastNonzero is the smallest magnitude of x that is not zero; the largest value of the type if none.
func leastNonzero[F Float](x []F) magnitude {
	lo := magnitude(math.MaxUint64)
	if floats.Single[F]() {
		for _, v := range x {
			lo = min(lo, magnitude(math.Float32bits(float32(v))&(1<<31-1))-1) // zero wraps to the largest value
		}
	} else {
		for _, v := range x {
			lo = min(lo, math.Float64bits(float64(v))&(1<<63-1)-1)
		}
	}
	if lo == math.MaxUint64 {
		return lo
	}
	return lo + 1
}

// maxLog is the largest logarithm among those that do not stand for zero: -Inf if there is none, NaN if
// one is NaN.
func maxLog[F Float](l []F) F {
	if len(l) == 0 {
		return F(math.Inf(-1))
	}
	c := simd.Max(l)
	if c > Floor[F]() || c != c {
		return c
	}
	// Everything lies at or below the floor, so zeros must be told from small numbers one by one.
	c = F(math.Inf(-1))
	for _, v := range l {
		if !IsZero(v) && v > c {
			c = v
		}
	}
	return c
}
