package regular

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Open opens the regular file at path, or the one that a symbolic link there points to, for reading. It never
// waits. For anything but a regular file it returns an error that names the path and its kind.
func Open(path string) (*os.File, error) { return open(path, os.Stat, os.OpenFile) }

// OpenIn is Open within a folder: the name, and the links that it leads to, cannot point out of the folder.
func OpenIn(root *os.Root, name string) (*os.File, error) {
	return open(name, root.Stat, root.OpenFile)
}

func open(path string, stat func(string) (fs.FileInfo, error), openFile func(string, int, fs.FileMode) (*os.File, error)) (*os.File, error) {
	if info, err := stat(path); err == nil { // first, because opening a device can have an effect
		if err := Check(path, info.Mode()); err != nil {
			return nil, err
		}
	}
	f, err := openFile(path, os.O_RDONLY|nonblocking, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat() // again, because the name may have come to stand for something else
	if err == nil {
		err = Check(path, info.Mode())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ReadFile returns the content of the regular file at path. A file of more than limit bytes is an error and is
// not read.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	return readAll(f, path, limit)
}

// ReadFileIn is ReadFile within a folder, as OpenIn is Open.
func ReadFileIn(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := OpenIn(root, name)
	if err != nil {
		return nil, err
	}
	return readAll(f, name, limit)
}

// readAll reads a file that it calls path, and closes it.
func readAll(f *os.File, path string, limit int64) ([]byte, error) {
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", path, info.Size(), limit)
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit { // it grew, or the system gives no size, as of /proc
		err = fmt.Errorf("%s has more than the %d bytes that are read", path, limit)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

// Exists reports whether path leads to anything: a file, a folder, or a symbolic link to one.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Check returns an error that names path and its kind, unless mode is that of a regular file.
func Check(path string, mode fs.FileMode) error {
	what := "a special file"
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		what = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	}
	return fmt.Errorf("%s is %s, not a file", path, what)
}
