//go:build !amd64 || noasm

package cpu

func detect() (avx2, avx512 bool) { return false, false }
