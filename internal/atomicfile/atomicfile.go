package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"goomtrain/internal/regular"
)

// TempPrefix is the prefix of the names of all temporary files of this package, by which leftovers of a killed
// process can be recognized.
const TempPrefix = ".tmp-"

// WriteFile replaces the file at path by data, with mode 0666 before umask. The folder must exist.
func WriteFile(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write replaces the file at path by what write produces, with mode 0666 before umask. The folder must exist.
// If write returns an error, Write returns it and the file at path is unchanged. A device, a folder, or a link to anything
// but a file is an error, so that neither /dev/null nor /dev/stdout becomes a file. A named pipe is replaced.
func Write(path string, write func(io.Writer) error) error {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type()&^fs.ModeNamedPipe != 0 {
		if info, err := os.Stat(path); err == nil {
			if err := regular.Check(path, info.Mode()); err != nil {
				return err
			}
		}
	}
	f, err := createTemp(path)
	if err != nil {
		return err
	}
	if err = fill(f, write); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name()) // best effort: the first error is reported
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// WriteNew creates the file at path, which must not exist, with what write produces, and syncs it. It is for
// files of a folder that gets its name only when it is complete: it does not remove the file after an error,
// and does not sync the folder.
func WriteNew(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	return fill(f, write)
}

// fill writes, syncs and closes a file, and returns the first error.
func fill(f *os.File, write func(io.Writer) error) error {
	err := write(f)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// createTemp is os.CreateTemp in the folder of path, but with the mode of an ordinary file instead of 0600,
// because the file becomes the user's. An error names path, which the user knows.
func createTemp(path string) (*os.File, error) {
	for {
		name := tempName(path)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if named, ok := errors.AsType[*fs.PathError](err); ok {
			named.Path = path
		}
		return f, err
	}
}

// SyncDir makes the entries of a folder durable: when it returns nil, names that were created, renamed or
// removed survive a power cut. It does nothing where folders cannot be synced (Windows, some network file
// systems).
func SyncDir(dir string) error {
	if !canSyncDir {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // the file system has no such operation: nothing more can be done
	}
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// MkdirAll is os.MkdirAll with mode 0777 before umask. Every new folder is durable when it returns.
func MkdirAll(path string) error {
	var made []string // folders that are not there yet, deepest first
	for p := filepath.Clean(path); ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); err == nil || p == filepath.Dir(p) {
			break
		}
		made = append(made, p)
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	for _, p := range made {
		if err := SyncDir(filepath.Dir(p)); err != nil {
			return err
		}
	}
	return nil
}
