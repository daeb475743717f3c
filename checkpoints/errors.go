package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

var (
	// ErrCorrupt: a file is torn, flipped, or not what its name says. Loading a run folder goes on to
	// the next older checkpoint.
	ErrCorrupt = errors.New("damaged file")
	// ErrNewerFormat: a checkpoint was written by a newer version of the program.
	ErrNewerFormat = errors.New("unknown newer format")
	// ErrMismatch: the tensors of a file are not those of the model or optimiser they are read into.
	ErrMismatch = errors.New("tensors of another model")
	// ErrNone: no checkpoint is there. Such an error is also fs.ErrNotExist.
	ErrNone = fmt.Errorf("no checkpoint: %w", fs.ErrNotExist)
	// ErrHousekeeping: the checkpoint is saved and whole; only a link could not be moved or an old
	// checkpoint not be removed. The next save tries again.
	ErrHousekeeping = errors.New("saved, but links or old checkpoints could not be brought up to date")
)

// A fileError says which file, which tensor of it, what is wrong, and what to do, on one line.
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

// quote is %q, shortened: a damaged header can hold a name of any length.
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
