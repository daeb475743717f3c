//go:build amd64 && !noasm

package simd

import (
	"unsafe"

	"goomtrain/internal/simd/cpu"
)

func adamW32(value, grad, m, v []float32, h adamWFactors[float32]) {
	if !cpu.AVX2 {
		adamWPortable(value, grad, m, v, h)
		return
	}
	for len(value) > 0 {
		n := min(len(value), maxPiece)
		adamWAVX2(&value[0], &grad[0], &m[0], &v[0], n, (*float32)(unsafe.Pointer(&h)))
		value, grad, m, v = value[n:], grad[n:], m[n:], v[n:]
	}
}
