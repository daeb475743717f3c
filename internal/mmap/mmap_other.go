//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package mmap

import (
	"io"
	"os"
)

// Map returns the content of an open regular file and a function that releases it. The file itself may be
// closed at once. The bytes must not be used after the release.
func Map(f *os.File) (data []byte, release func() error, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	data, err = io.ReadAll(io.NewSectionReader(f, 0, info.Size()))
	return data, func() error { return nil }, err
}
