package goom

import (
	"math"
	"unsafe"
)

// Magnitudes and signs of long slices. Two float32 are looked at in one 64-bit word: with the sign bits
// cleared, setting them as sentinels and subtracting a threshold leaves a sentinel standing exactly where
// the magnitude is at least that.

const (
	sentinels = 1<<63 | 1<<31
	pair      = 1<<32 | 1          // copies a 32-bit number into both halves
	infs      = (255 << 23) * pair // infinity and infinity
)

// words views x from its first 8-byte boundary as pairs; head is what lies before, tail after.
func words(x []float32) (head []float32, mid []uint64, tail []float32) {
	if len(x) == 0 {
		return nil, nil, nil
	}
	if odd(x) {
		head, x = x[:1], x[1:]
	}
	if n := len(x) / 2; n > 0 {
		mid = unsafe.Slice((*uint64)(unsafe.Pointer(&x[0])), n)
	}
	return head, mid, x[len(x)&^1:]
}

// odd reports whether x, not empty, begins in the middle of a word.
func odd(x []float32) bool { return uintptr(unsafe.Pointer(&x[0]))&7 != 0 }

// within reports whether every magnitude of x is at least 2^exponent and none is a NaN's.
func within[F Float](x []F, exponent int) bool {
	limit := powerMagnitude[F](exponent)
	if !single[F]() {
		lo, hi := magnitudes64(view64(x))
		return lo >= limit && hi <= infMagnitude[F]()
	}
	head, mid, tail := words(view32(x))
	return within2(mid, limit) && within1(head, limit) && within1(tail, limit)
}

func within1(x []float32, limit magnitude) bool {
	lo, hi := magnitudes32(x)
	return magnitude(lo) >= limit && hi <= 0xff<<23
}

func within2(x []uint64, limit magnitude) bool {
	low := limit * pair
	all := uint64(sentinels)
	for _, v := range x {
		m := v &^ sentinels
		all &= ((m | sentinels) - low) & ((infs | sentinels) - m)
	}
	return all&sentinels == sentinels
}

// magnitudes32 returns the smallest and the largest magnitude of x, magnitudes64 likewise.
func magnitudes32(x []float32) (lo, hi uint32) {
	lo = math.MaxUint32
	for _, v := range x {
		a := math.Float32bits(v) & (1<<31 - 1)
		lo, hi = min(lo, a), max(hi, a)
	}
	return lo, hi
}

func magnitudes64(x []float64) (lo, hi uint64) {
	lo = math.MaxUint64
	for _, v := range x {
		a := math.Float64bits(v) & (1<<63 - 1)
		lo, hi = min(lo, a), max(hi, a)
	}
	return lo, hi
}
