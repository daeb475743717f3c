//go:build amd64 && !noasm

package simd

func signedExp32(dst, l, s []float32, c float32) {
	if !haveAVX2 {
		signedExpPortable(dst, l, s, c)
		return
	}
	kernel := widest(signedExpWide, signedExpAVX2)
	for len(l) > 0 {
		n := min(len(l), longest)
		kernel(&dst[0], &l[0], &s[0], n, c)
		dst, l, s = dst[n:], l[n:], s[n:]
	}
}

func logAbs32(l, s, x []float32, c, least float32) (doubtful int) {
	if !haveAVX2 {
		return logAbsPortable(l, s, x, c, least)
	}
	for len(x) > 0 {
		n := min(len(x), longest) // so few that a float32 counts them
		if haveAVX512 {
			doubtful += logAbsWide(&l[0], &s[0], &x[0], n, c, least)
		} else {
			doubtful += int(logAbsAVX2(&l[0], &s[0], &x[0], n, c, least))
		}
		l, s, x = l[n:], s[n:], x[n:]
	}
	return doubtful
}

func countBelow32(x []float32, least float32) int {
	return countPieces(x, least, countBelowAVX2, countBelowPortable[float32])
}

func countAbsBelow32(x []float32, least float32) int {
	return countPieces(x, least, countAbsBelowAVX2, countAbsBelowPortable[float32])
}

func countPieces(x []float32, least float32, kernel func(x *float32, n int, least float32) float32, portable func(x []float32, least float32) int) (count int) {
	if !haveAVX2 {
		return portable(x, least)
	}
	for len(x) > 0 {
		n := min(len(x), longest) // so few that a float32 counts them
		count += int(kernel(&x[0], n, least))
		x = x[n:]
	}
	return count
}
