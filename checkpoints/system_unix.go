//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package checkpoints

import (
	"errors"
	"os"
	"syscall"
)

// lockSystem calls flock on the file; the kernel releases the lock when the process ends. File systems without
// flock return errors.ErrUnsupported.
func lockSystem(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		err = writeOwner(f, self())
	} else if errors.Is(err, syscall.EWOULDBLOCK) {
		err = lockedBy(path)
	} else if errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.EINVAL) {
		err = errors.ErrUnsupported
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return func() error { return errors.Join(f.Truncate(0), f.Close()) }, nil
}

// isDead reports whether certainly no process of that number runs on this machine.
func isDead(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
