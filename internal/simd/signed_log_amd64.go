//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func signedExp32(dst, l, s []float32, c float32) {
	if !cpu.AVX2 {
		signedExpPortable(dst, l, s, c)
		return
	}
	kernel := widest(signedExpAVX512, signedExpAVX2)
	for len(l) > 0 {
		n := min(len(l), maxPiece)
		kernel(&dst[0], &l[0], &s[0], n, c)
		dst, l, s = dst[n:], l[n:], s[n:]
	}
}

func logAbs32(l, s, x []float32, c, least float32) (below int) {
	if !cpu.AVX2 {
		return logAbsPortable(l, s, x, c, least)
	}
	for len(x) > 0 {
		n := min(len(x), maxPiece) // a count up to this is exact in float32
		if cpu.AVX512 {
			below += logAbsAVX512(&l[0], &s[0], &x[0], n, c, least)
		} else {
			below += int(logAbsAVX2(&l[0], &s[0], &x[0], n, c, least))
		}
		l, s, x = l[n:], s[n:], x[n:]
	}
	return below
}
