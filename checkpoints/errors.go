package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

var (
	// ErrCorrupt: a file is incomplete, damaged, or not of the kind that its name says. Load of a run folder
	// then takes the next older checkpoint.
	ErrCorrupt = errors.New("damaged file")
	// ErrNewerFormat: the checkpoint was written by a newer version of the program.
	ErrNewerFormat = errors.New("unknown newer format")
	// ErrMismatch: the tensors of a file do not match the model or optimizer.
	ErrMismatch = errors.New("tensors do not match")
	// ErrNone: there is no checkpoint. Such an error is also fs.ErrNotExist.
	ErrNone error = &noneError{"no checkpoint"}
	// ErrHousekeeping: the checkpoint is saved and complete, but a link could not be moved or an old checkpoint
	// not be removed. The next save tries again.
	ErrHousekeeping = errors.New("saved, but links or old checkpoints could not be updated")
)

// A noneError is ErrNone with a text of its own.
type noneError struct{ text string }

func (e *noneError) Error() string        { return e.text }
func (e *noneError) Is(target error) bool { return target == ErrNone || target == fs.ErrNotExist }

func none(format string, args ...any) error { return &noneError{fmt.Sprintf(format, args...)} }

// A fileError names, on one line, the file, the tensor, what is wrong, and what to do.
type fileError struct {
	file, tensor, reason, remedy string
	kind                         error // one of the errors above, or the system's own
}

func (e *fileError) Error() string {
	var b strings.Builder
	b.WriteString(e.file)
	if e.tensor != "" {
		fmt.Fprintf(&b, ": tensor %s", quote(e.tensor))
	}
	fmt.Fprintf(&b, ": %s", e.reason)
	if e.remedy != "" {
		fmt.Fprintf(&b, "; %s", e.remedy)
	}
	return b.String()
}

func (e *fileError) Unwrap() error { return e.kind }

// quote is %q, shortened: a damaged header can hold names of any length.
func quote(s string) string {
	const most = 100
	if len(s) > most {
		return fmt.Sprintf("%.*q...", most, s)
	}
	return fmt.Sprintf("%q", s)
}

// shapeText prints a shape, shortened like quote.
func shapeText(shape []int) string {
	const most = 8
	if len(shape) > most {
		return fmt.Sprintf("%s... of %d dimensions", strings.TrimSuffix(fmt.Sprint(shape[:most]), "]"), len(shape))
	}
	return fmt.Sprint(shape)
}
