//go:build amd64 && !noasm

package peak

import "golang.org/x/sys/cpu"

var (
	available = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	wide      = available && cpu.X86.HasAVX512F && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT // as package simd asks
)
