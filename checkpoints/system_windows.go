package checkpoints

import (
	"errors"
	"os"
	"syscall"
)

// Error numbers of the Windows API that package syscall does not name.
const (
	errorWriteProtect     = syscall.Errno(19)
	errorSharingViolation = syscall.Errno(32)
	errorHandleDiskFull   = syscall.Errno(39)
	errorDiskFull         = syscall.Errno(112)
)

// lockSystem opens the file without sharing it for writing; the kernel closes it with the process.
func lockSystem(path string) (release func() error, err error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errorSharingViolation) {
		return nil, lockedBy(path)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f := os.NewFile(uintptr(handle), path)
	if err := writeOwner(f, self()); err != nil {
		f.Close()
		return nil, err
	}
	return func() error { return errors.Join(f.Truncate(0), f.Close()) }, nil
}

// isDead reports whether it is certain that no process of that number runs on this machine. The system's
// own lock serves here, so the portable one's heartbeat is left to answer.
func isDead(int) bool { return false }

func isFull(err error) bool {
	return errors.Is(err, errorDiskFull) || errors.Is(err, errorHandleDiskFull)
}

func isReadOnly(err error) bool { return errors.Is(err, errorWriteProtect) }
