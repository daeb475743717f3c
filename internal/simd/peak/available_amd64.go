//go:build amd64 && !noasm

package peak

import "golang.org/x/sys/cpu"

var (
	available = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	wide      = available && cpu.X86.HasAVX512F
)
