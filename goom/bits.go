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
	ones      = (127 << 23) * pair // 1 and 1
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

// split writes |x| to abs and the sign (+1 or -1, of a negative zero -1) to sign, and reports whether
// every magnitude is at least 2^exponent and none a NaN's. abs may be x.
func split[F Float](abs, sign, x []F, exponent int) bool {
	abs, sign = abs[:len(x)], sign[:len(x)]
	limit := powerMagnitude[F](exponent)
	if !single[F]() {
		return split64(view64(abs), view64(sign), view64(x), limit)
	}
	a, s, v := view32(abs), view32(sign), view32(x)
	if len(x) < 8 || odd(a) != odd(v) || odd(s) != odd(v) {
		return split32(a, s, v, limit)
	}
	ok := true
	if odd(v) {
		ok = split32(a[:1], s[:1], v[:1], limit)
		a, s, v = a[1:], s[1:], v[1:]
	}
	_, wa, _ := words(a)
	_, ws, _ := words(s)
	_, wv, _ := words(v)
	n := 2 * len(wv)
	middle := split2(wa, ws, wv, limit)
	return split32(a[n:], s[n:], v[n:], limit) && middle && ok
}

func split2(abs, sign, x []uint64, limit magnitude) bool {
	low := limit * pair
	all := uint64(sentinels)
	abs, sign = abs[:len(x)], sign[:len(x)]
	for i, v := range x {
		m := v &^ sentinels
		abs[i] = m
		sign[i] = v&sentinels | ones
		all &= ((m | sentinels) - low) & ((infs | sentinels) - m)
	}
	return all&sentinels == sentinels
}

func split32(abs, sign, x []float32, limit magnitude) bool {
	const bit, one = 1 << 31, 127 << 23
	lo, hi := uint32(math.MaxUint32), uint32(0)
	for i, v := range x {
		b := math.Float32bits(v)
		a := b &^ bit
		abs[i] = math.Float32frombits(a)
		sign[i] = math.Float32frombits(b&bit | one)
		lo, hi = min(lo, a), max(hi, a)
	}
	return magnitude(lo) >= limit && hi <= 0xff<<23
}

func split64(abs, sign, x []float64, limit magnitude) bool {
	const bit, one = 1 << 63, 1023 << 52
	lo, hi := uint64(math.MaxUint64), uint64(0)
	for i, v := range x {
		b := math.Float64bits(v)
		a := b &^ bit
		abs[i] = math.Float64frombits(a)
		sign[i] = math.Float64frombits(b&bit | one)
		lo, hi = min(lo, a), max(hi, a)
	}
	return lo >= limit && hi <= 0x7ff<<52
}
