//go:build !amd64 || noasm

package simd

func signedExp32(dst, l, s []float32, c float32) { signedExpPortable(dst, l, s, c) }

func logAbs32(l, s, x []float32, c, least float32) int { return logAbsPortable(l, s, x, c, least) }

func countBelow32(x []float32, least float32) int { return countBelowPortable(x, least) }

func countAbsBelow32(x []float32, least float32) int { return countAbsBelowPortable(x, least) }
