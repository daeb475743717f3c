package metrics

import (
	"math"
	"os"

	"goomtrain/internal/regular"
)

// maxLine is the largest size of a line of metrics.jsonl in bytes. Ordinary lines have a few hundred, those with the
// counts of many classes up to a hundred thousand.
const maxLine = 1 << 18

// Skipped counts the lines that ReadGood and Tail skip.
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
	t := NewTail(path, func() (*os.File, error) { return regular.Open(path) })
	for more := true; more; {
		more, err = t.Read(math.MaxInt64, func() { records = nil }, func(r Record) { records = append(records, r) })
		if err != nil {
			return nil, t.Skipped, err
		}
	}
	return records, t.Skipped, nil
}
