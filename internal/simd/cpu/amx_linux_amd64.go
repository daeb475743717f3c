//go:build !noasm

package cpu

import (
	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

// Numbers of arch_prctl(2).
const (
	requestPermission = 0x1023 // ARCH_REQ_XCOMP_PERM
	tileData          = 18     // the component of a thread's state that holds the tiles
)

// requestAMX asks for the use of tiles. The system refuses if it does not save their state, which is what the bits of
// XCR0 would say.
func requestAMX() bool {
	x := &cpu.X86
	if !AVX512 || !x.HasAVX512BW || !x.HasAVX512BF16 || !x.HasAMXTile || !x.HasAMXBF16 {
		return false
	}
	_, _, failure := unix.RawSyscall(unix.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	return failure == 0
}
