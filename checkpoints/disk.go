package checkpoints

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"goomtrain/internal/atomicfile"
)

// A disk makes all changes of a save to the file system. Tests replace it by one that fails.
type disk interface {
	mkdirAll(path string) error                               // new folders are durable when it returns
	writeFile(path string, write func(io.Writer) error) error // a new file, synced
	replace(path string, data []byte) error                   // atomicfile.WriteFile
	rename(from, to string) error                             // not yet durable
	syncDir(path string) error
	point(link, target string) error // atomicfile.Point
	removeAll(path string) error
}

type osDisk struct{}

func (osDisk) mkdirAll(path string) error             { return atomicfile.MkdirAll(path) }
func (osDisk) replace(path string, data []byte) error { return atomicfile.WriteFile(path, data) }
func (osDisk) rename(from, to string) error           { return os.Rename(from, to) }
func (osDisk) syncDir(path string) error              { return atomicfile.SyncDir(path) }
func (osDisk) point(link, target string) error        { return atomicfile.Point(link, target) }
func (osDisk) removeAll(path string) error            { return os.RemoveAll(path) }

func (osDisk) writeFile(path string, write func(io.Writer) error) error {
	return atomicfile.WriteNew(path, write)
}

// exists reports whether the path exists, even as a dangling link.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// saveError describes a failed save and what to do about it. whole says that the checkpoint itself was written.
func saveError(root, name string, whole bool, err error) error {
	e := &textError{fmt.Sprintf("cannot save checkpoint %s in %s: %v; earlier checkpoints are untouched", name, root, err), []error{err}}
	if whole {
		e.text = fmt.Sprintf("checkpoint %s in %s is saved, but updating links or removing old checkpoints failed: %v", name, root, err)
		e.causes = append(e.causes, ErrHousekeeping)
	}
	if advice := Advice(err); advice != "" {
		e.text += "; " + advice
	}
	return e
}

// Advice says what to do about an error of writing to a run folder. It returns "" if it does not know.
func Advice(err error) string {
	switch {
	case isFull(err):
		return "the disk is full: free space there, or use a run folder on another disk"
	case isReadOnly(err) || errors.Is(err, fs.ErrPermission):
		return "the folder cannot be written: correct its permissions, or use a run folder elsewhere"
	}
	return ""
}

// A saveFailure is a text with the errors that caused it.
type textError struct {
	text   string
	causes []error
}

func (e *textError) Error() string   { return e.text }
func (e *textError) Unwrap() []error { return e.causes }
