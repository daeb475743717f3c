//go:build amd64 && !noasm

package cpu

import "golang.org/x/sys/cpu"

func detect() (avx2, avx512 bool) {
	avx2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	return avx2, avx2 && cpu.X86.HasAVX512F && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
}
