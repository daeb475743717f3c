package metrics

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"strconv"
)

// The main splits. Further validation sets have names of their own.
const (
	Train = "train"
	Valid = "valid"
)

// Unknown marks a number of a Record that was not measured.
var Unknown = math.NaN()

// A Record is one line of metrics.jsonl.
type Record struct {
	Step         int64   `json:"step"`           // updates made so far
	Split        string  `json:"split"`          // Train, Valid or the name of a further validation set
	Length       int     `json:"length"`         // positions of a sequence: of a validation set, or of a training step of a curriculum; 0: not known
	Loss         float64 `json:"loss"`           // nats per counted token
	BPB          float64 `json:"bpb"`            // bits per byte of text
	Accuracy     float64 `json:"accuracy"`       // share of counted tokens predicted correctly, 0 to 1
	LR           float64 `json:"lr"`             // learning rate of the step
	GradNorm     float64 `json:"grad_norm"`      // global norm before clipping
	Tokens       int64   `json:"tokens"`         // counted tokens trained on so far
	TokensPerSec float64 `json:"tokens_per_sec"` // trained tokens per second since the previous record
	MFU          float64 `json:"mfu"`            // model FLOPs utilization: share of the machine's measured peak, 0 to 1
	Elapsed      float64 `json:"elapsed_s"`      // seconds of training, without the time between sessions
	PeakRSS      float64 `json:"peak_rss_mb"`    // largest resident memory of the process, MiB
	Skipped      string  `json:"skipped"`        // why the step made no update; "" if it made one

	SequenceAccuracy float64 `json:"sequence_accuracy"` // share of sequences whose counted tokens are all predicted correctly, 0 to 1

	GradNorms map[string]float64 `json:"grad_norms"` // norms of the gradients by layer, at steps with an evaluation; nil: none

	Confusion Confusion `json:"confusion"` // of classes, up to MaxConfusion of them; nil: none. The line has the Scores too
}

// fields lists the numbers of a record in the order of the files.
func (r *Record) fields() []field {
	return []field{
		{"loss", &r.Loss}, {"bpb", &r.BPB}, {"accuracy", &r.Accuracy}, {"sequence_accuracy", &r.SequenceAccuracy},
		{"lr", &r.LR}, {"grad_norm", &r.GradNorm},
		{"tokens_per_sec", &r.TokensPerSec}, {"mfu", &r.MFU}, {"elapsed_s", &r.Elapsed}, {"peak_rss_mb", &r.PeakRSS},
	}
}

type field struct {
	name  string
	value *float64
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// finiteOnly returns the numbers that JSON has.
func finiteOnly(numbers map[string]float64) map[string]float64 {
	known := maps.Clone(numbers)
	maps.DeleteFunc(known, func(_ string, x float64) bool { return !finite(x) })
	return known
}

// MarshalJSON writes the known numbers in a fixed order.
func (r Record) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	split, err := json.Marshal(r.Split)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, `{"step":%d,"split":%s`, r.Step, split)
	if r.Length > 0 {
		fmt.Fprintf(&b, `,"length":%d`, r.Length)
	}
	for _, f := range r.fields() {
		if f.name == "tokens_per_sec" {
			fmt.Fprintf(&b, `,"tokens":%d`, r.Tokens)
		}
		if finite(*f.value) {
			fmt.Fprintf(&b, `,%q:%s`, f.name, strconv.FormatFloat(*f.value, 'g', -1, 64))
		}
	}
	if norms := finiteOnly(r.GradNorms); len(norms) > 0 {
		text, err := json.Marshal(norms)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `,"grad_norms":%s`, text)
	}
	if r.Confusion != nil {
		counts, err := json.Marshal(r.Confusion)
		if err != nil {
			return nil, err
		}
		scores, err := json.Marshal(r.Confusion.Scores())
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `,"classes":%s,"confusion":%s`, scores, counts)
	}
	if r.Skipped != "" {
		skipped, err := json.Marshal(r.Skipped)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `,"skipped":%s`, skipped)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote; further keys are ignored, absent numbers are NaN.
func (r *Record) UnmarshalJSON(text []byte) error {
	type plain Record // without this method
	read := Record{Step: math.MinInt64}
	for _, f := range read.fields() {
		*f.value = Unknown
	}
	if err := json.Unmarshal(text, (*plain)(&read)); err != nil {
		return err
	}
	if read.Step == math.MinInt64 || read.Split == "" {
		return errors.New(`a metrics line needs "step" and "split"`)
	}
	if err := read.Confusion.check(); err != nil {
		return err
	}
	*r = read
	return nil
}

// csvHeader names the columns of metrics.csv.
func csvHeader() []string {
	header := []string{"step", "split"}
	for _, f := range new(Record).fields() {
		header = append(header, f.name)
	}
	return append(header, "tokens", "skipped", "length")
}

// csvRow returns the record as a row under csvHeader; unknown numbers are empty.
func (r *Record) csvRow() []string {
	row := []string{strconv.FormatInt(r.Step, 10), r.Split}
	for _, f := range r.fields() {
		cell := ""
		if finite(*f.value) {
			cell = strconv.FormatFloat(*f.value, 'g', -1, 64)
		}
		row = append(row, cell)
	}
	length := ""
	if r.Length > 0 {
		length = strconv.Itoa(r.Length)
	}
	return append(row, strconv.FormatInt(r.Tokens, 10), r.Skipped, length)
}

// writeCSV writes the table of all records.
func writeCSV(w io.Writer, records []Record) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader()); err != nil {
		return err
	}
	for i := range records {
		if err := out.Write(records[i].csvRow()); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
