package metrics

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"goomtrain/internal/regular"
)

// maxLine is the largest size of a line of metrics.jsonl in bytes. Ordinary lines have a few hundred, those with the
// counts of many classes up to a hundred thousand.
const maxLine = 1 << 18

// Skipped counts the lines that ReadGood skips.
type Skipped struct {
	Lines int
	First error // of the first such line; it names the file, the line and what is wrong; nil if there is none
}

// ReadFile reads a metrics.jsonl. It ignores an incomplete last line; any other bad line is an error that names
// it. A missing file has no records.
func ReadFile(path string) ([]Record, error) {
	records, skipped, err := ReadGood(path)
	if err == nil {
		err = skipped.First
	}
	if err != nil {
		return nil, err
	}
	return records, nil
}

// ReadGood is ReadFile except that it skips bad lines and reports them in skipped. Its error concerns the file,
// not a line.
func ReadGood(path string) (records []Record, skipped Skipped, err error) {
	f, err := regular.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, skipped, nil
	} else if err != nil {
		return nil, skipped, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, maxLine)
	for number := 1; ; number++ {
		line, err := in.ReadSlice('\n')
		tooLong := false
		for errors.Is(err, bufio.ErrBufferFull) {
			tooLong = true
			_, err = in.ReadSlice('\n')
		}
		if err == io.EOF {
			return records, skipped, nil // what stands behind the last line end was cut off
		} else if err != nil {
			return nil, skipped, fmt.Errorf("%s: %w", path, err)
		}
		var r Record
		if tooLong {
			err = fmt.Errorf("it has more than %d bytes", maxLine)
		} else if line = bytes.TrimSpace(line); len(line) > 0 {
			err = json.Unmarshal(line, &r)
		} else {
			continue
		}
		if err == nil {
			records = append(records, r)
			continue
		}
		if skipped.Lines++; skipped.First == nil {
			skipped.First = fmt.Errorf("%s: line %d: %w", path, number, err)
		}
	}
}
