package checkpoints

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"goomtrain/internal/atomicfile"
)

// A disk is every way in which a save changes the file system; tests put one that fails in its place.
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

// exists reports whether anything, even a dangling link, has that name.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// saveError tells what became of a save that failed, and what to do. whole: the checkpoint itself is
// there.
func saveError(root, name string, whole bool, err error) error {
	e := &saveFailure{fmt.Sprintf("cannot save checkpoint %s in %s: %v; earlier checkpoints are untouched", name, root, err), []error{err}}
	if whole {
		e.text = fmt.Sprintf("checkpoint %s in %s is saved, but what comes after failed: %v", name, root, err)
		e.causes = append(e.causes, ErrHousekeeping)
	}
	if advice := Advice(err); advice != "" {
		e.text += "; " + advice
	}
	return e
}

// Advice says what to do about an error of writing into a run folder; "" if nothing is known.
func Advice(err error) string {
	switch {
	case isFull(err):
		return "the disk is full: free space there, or use a run folder on another disk"
	case isReadOnly(err) || errors.Is(err, fs.ErrPermission):
		return "the folder cannot be written: correct its permissions, or use a run folder elsewhere"
	}
	return ""
}

// A saveFailure keeps the causes of its text.
type saveFailure struct {
	text   string
	causes []error
}

func (e *saveFailure) Error() string   { return e.text }
func (e *saveFailure) Unwrap() []error { return e.causes }
