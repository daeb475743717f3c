//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package mmap

import (
	"fmt"
	"math"
	"os"
	"syscall"
)

// Map returns the content of an open regular file and a function that releases it. The file itself may be
// closed at once. The bytes must not be used after the release.
func Map(f *os.File) (data []byte, release func() error, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	size := info.Size()
	switch {
	case size == 0: // the system refuses to map nothing
		return nil, func() error { return nil }, nil
	case !info.Mode().IsRegular() || size > math.MaxInt:
		return nil, nil, fmt.Errorf("cannot map %s: not a regular file of at most %d bytes", f.Name(), math.MaxInt)
	}
	data, err = syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot map %s: %w", f.Name(), err)
	}
	return data, func() error { return syscall.Munmap(data) }, nil
}
