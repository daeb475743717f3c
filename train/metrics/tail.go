package metrics

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// A Tail reads a metrics.jsonl that may still grow. Each Read takes up where the one before it ended.
type Tail struct {
	Skipped Skipped // lines of the present file that hold no record

	name string // for errors
	open func() (*os.File, error)

	file   fs.FileInfo // at the last Read; nil: there was none
	offset int64       // behind what has been read: a line end, or within a line that is too long
	lines  int         // read so far
	long   bool        // the line at offset is too long; its beginning has been read
}

// NewTail returns a Tail at the beginning of the file that open opens. Errors call the file name.
func NewTail(name string, open func() (*os.File, error)) *Tail { return &Tail{name: name, open: open} }

// Read calls emit with the records of the lines added since the last Read, in their order, and stops after about limit
// bytes. It reports whether it has left some. It leaves an incomplete last line for later, and skips and counts bad
// lines. If the file has been replaced or cut, as when a run is resumed, it calls restart and reads from the beginning.
// A missing file has no records. The error concerns the file, not a line.
func (t *Tail) Read(limit int64, restart func(), emit func(Record)) (more bool, err error) {
	f, err := t.open()
	if errors.Is(err, fs.ErrNotExist) {
		if t.file != nil {
			t.rewind(restart)
		}
		return false, nil
	} else if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if t.file != nil && !t.continues(f, info) {
		t.rewind(restart)
	}
	t.file = info
	if info.Size() == t.offset {
		return false, nil
	}
	if _, err := f.Seek(t.offset, io.SeekStart); err != nil {
		return false, fmt.Errorf("%s: %w", t.name, err)
	}
	in := bufio.NewReaderSize(f, maxLine)
	for begin := t.offset; t.offset-begin < limit; {
		whole, err := t.line(in, emit)
		if err == io.EOF {
			return false, nil
		} else if err != nil {
			return false, fmt.Errorf("%s: %w", t.name, err)
		} else if whole {
			t.lines++
		}
	}
	return true, nil
}

// rewind returns to the beginning.
func (t *Tail) rewind(restart func()) {
	*t = Tail{name: t.name, open: t.open}
	restart()
}

// continues reports whether an open file is the one of the last Read, with nothing taken from it since.
func (t *Tail) continues(f *os.File, info fs.FileInfo) bool {
	if !os.SameFile(t.file, info) || info.Size() < t.offset {
		return false
	}
	if t.offset == 0 || t.long {
		return true
	}
	end := make([]byte, 1) // of the last line: one that was cut and has grown again may end elsewhere
	_, err := f.ReadAt(end, t.offset-1)
	return err == nil && end[0] == '\n'
}

// line reads a line, or a part of one that is too long, and reports whether it has reached the line's end.
func (t *Tail) line(in *bufio.Reader, emit func(Record)) (whole bool, err error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		t.long, t.offset = true, t.offset+int64(len(line))
		return false, nil
	} else if err != nil {
		return false, err // what stands behind the last line end is read again when it is complete
	}
	t.offset += int64(len(line))
	var r Record
	if t.long {
		t.long, err = false, fmt.Errorf("it has more than %d bytes", maxLine)
	} else if line = bytes.TrimSpace(line); len(line) > 0 {
		err = r.UnmarshalJSON(line)
	} else {
		return true, nil
	}
	if err == nil {
		emit(r)
	} else if t.Skipped.Lines++; t.Skipped.First == nil {
		t.Skipped.First = fmt.Errorf("%s: line %d: %w", t.name, t.lines+1, err)
	}
	return true, nil
}
