package metrics

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"goomtrain/internal/atomicfile"
)

// A Log writes every record of a run to metrics.jsonl, metrics.csv and a TensorBoard event file.
type Log struct {
	dir     string
	Kept    string   // name given to the metrics.csv of an earlier session whose metrics.jsonl is missing; "": none
	Skipped Skipped  // lines of an earlier session that were no records, and are gone
	Classes []string // names of the classes in pictures; nil: none
	records []Record
	jsonl   *os.File
	csv     *os.File
	events  *Events
}

// OpenLog opens the log of a run folder at the step from, 0 for a new run. Of the records of earlier sessions
// it keeps, in all files, those that keep accepts, so that a resumed run repeats none.
func OpenLog(dir string, from int64, keep func(Record) bool) (*Log, error) {
	l := &Log{dir: dir}
	old, skipped, err := ReadGood(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		return nil, err
	}
	l.Skipped = skipped
	if err := l.keepTable(); err != nil {
		return nil, err
	}
	anew := from + 1 // the first step whose events are written again
	for _, r := range old {
		if keep(r) {
			l.records = append(l.records, r)
		} else {
			anew = min(anew, r.Step)
		}
	}
	err = errors.Join(
		atomicfile.Write(filepath.Join(dir, "metrics.jsonl"), func(w io.Writer) error { return writeJSONL(w, l.records) }),
		atomicfile.Write(filepath.Join(dir, "metrics.csv"), func(w io.Writer) error { return writeCSV(w, l.records) }))
	if err == nil {
		l.jsonl, err = os.OpenFile(filepath.Join(dir, "metrics.jsonl"), os.O_APPEND|os.O_WRONLY, 0o644)
	}
	if err == nil {
		l.csv, err = os.OpenFile(filepath.Join(dir, "metrics.csv"), os.O_APPEND|os.O_WRONLY, 0o644)
	}
	if err == nil {
		l.events, err = CreateEvents(filepath.Join(dir, "tb"), anew)
	}
	for _, r := range l.records {
		if err == nil && r.Step >= anew {
			err = l.events.Write(r)
		}
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// keepTable moves a metrics.csv whose metrics.jsonl is missing out of the way, so that it is not overwritten.
func (l *Log) keepTable() error {
	path := filepath.Join(l.dir, "metrics.csv")
	if _, err := os.Lstat(filepath.Join(l.dir, "metrics.jsonl")); err == nil {
		return nil
	}
	if _, err := os.Lstat(path); err != nil {
		return nil // a new run
	}
	l.Kept = path + ".old"
	return os.Rename(path, l.Kept)
}

func writeJSONL(w io.Writer, records []Record) error {
	out := json.NewEncoder(w)
	for _, r := range records {
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// Write adds a record. Each file gets its line in one write, so that a killed process leaves no mixed lines.
func (l *Log) Write(r Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := l.jsonl.Write(append(line, '\n')); err != nil {
		return err
	}
	var row bytes.Buffer
	out := csv.NewWriter(&row)
	if err := out.Write(r.csvRow()); err != nil {
		return err
	}
	out.Flush()
	if _, err := l.csv.Write(row.Bytes()); err != nil {
		return err
	}
	l.records = append(l.records, r)
	return l.events.Write(r)
}

// Sync makes the lines written so far durable. Call it before saving a checkpoint.
func (l *Log) Sync() error { return l.jsonl.Sync() }

// Plot draws loss.png from all records, accuracy.png from the last evaluation at several lengths, and confusion.png
// from the last one with classes. It does nothing if there are none.
func (l *Log) Plot() error {
	if lengths := AccuracyCurves(l.records); len(lengths) > 0 {
		if err := WriteAccuracyPlot(filepath.Join(l.dir, "accuracy.png"), "accuracy", lengths); err != nil {
			return err
		}
	}
	for _, r := range slices.Backward(l.records) {
		if r.Confusion == nil {
			continue
		}
		if err := WriteConfusionPlot(filepath.Join(l.dir, "confusion.png"), r.Confusion, l.Classes); err != nil {
			return err
		}
		break
	}
	curves, unit := LossCurves(l.records)
	if len(curves) == 0 {
		return nil
	}
	return WriteLossPlot(filepath.Join(l.dir, "loss.png"), "", "step", unit, curves)
}

// Close closes the files.
func (l *Log) Close() error {
	var errs []error
	for _, f := range []*os.File{l.jsonl, l.csv} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	if l.events != nil {
		errs = append(errs, l.events.Close())
	}
	return errors.Join(errs...)
}
