package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"goomtrain/checkpoints"
	"goomtrain/internal/atomicfile"
	"goomtrain/internal/regular"
	"goomtrain/train/metrics"
)

// Files of a stored run beside checkpoints.ConfigFile.
const metricsFile, consoleFile = "metrics.jsonl", "console.log"

// store keeps what the documents need of the run in dir, and the head and the end of its output, in the folder to.
// It replaces an older run there.
func store(dir string, console []byte, to string) error {
	records, err := metrics.ReadFile(filepath.Join(dir, metricsFile))
	if err != nil {
		return err
	}
	config, err := regular.ReadFile(filepath.Join(dir, checkpoints.ConfigFile), 1<<20)
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	for _, r := range thin(records) {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
	}
	if err := atomicfile.MkdirAll(filepath.Dir(to)); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(to), ".storing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	for name, text := range map[string][]byte{checkpoints.ConfigFile: config, metricsFile: lines.Bytes(), consoleFile: excerpt(console)} {
		if err := atomicfile.WriteFile(filepath.Join(temp, name), text); err != nil {
			return err
		}
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(temp, to)
}

// mostSteps is the number of training records that a stored run has at most.
const mostSteps = 50

// thin keeps all evaluations and at most mostSteps training records at even distances, the first and the last included.
func thin(records []metrics.Record) []metrics.Record {
	total, seen := 0, 0
	for _, r := range records {
		if r.Split == metrics.Train {
			total++
		}
	}
	if total <= mostSteps {
		return records
	}
	return slices.DeleteFunc(slices.Clone(records), func(r metrics.Record) bool {
		if r.Split != metrics.Train {
			return false
		}
		i := seen
		seen++
		// Cut into mostSteps-1 parts of equal length; the first record of each part is kept, and the last of all.
		return i > 0 && i*(mostSteps-1)/(total-1) == (i-1)*(mostSteps-1)/(total-1)
	})
}

// An outcome is what a stored run reached.
type outcome struct {
	parameters string // with thousands separators
	steps      int64
	seconds    float64          // of training
	lengths    []metrics.Record // the last evaluation at each length, in the order of the lengths
	course     []metrics.Record // all evaluations at the shortest length
}

var parameters = regexp.MustCompile(`(?m)^total ([0-9,]+) parameters`)

// load reads a stored run.
func load(dir string) (o outcome, err error) {
	records, err := metrics.ReadFile(filepath.Join(dir, metricsFile))
	if err != nil {
		return o, err
	}
	console, err := regular.ReadFile(filepath.Join(dir, consoleFile), 1<<20)
	if err != nil {
		return o, err
	}
	m := parameters.FindSubmatch(console)
	if m == nil {
		return o, fmt.Errorf("%s does not give the number of parameters", filepath.Join(dir, consoleFile))
	}
	o.parameters = string(m[1])
	last := map[int]metrics.Record{}
	for _, r := range records {
		switch {
		case r.Split == metrics.Train:
			o.steps, o.seconds = r.Step, r.Elapsed
		case r.Length > 0:
			last[r.Length] = r
		}
	}
	for _, r := range last {
		o.lengths = append(o.lengths, r)
	}
	slices.SortFunc(o.lengths, func(a, b metrics.Record) int { return a.Length - b.Length })
	if len(o.lengths) == 0 || o.steps == 0 {
		return o, fmt.Errorf("%s lacks training records or evaluations", filepath.Join(dir, metricsFile))
	}
	for _, r := range records {
		if r.Split != metrics.Train && r.Length == o.lengths[0].Length {
			o.course = append(o.course, r)
		}
	}
	return o, nil
}

// at returns a measure at a length; ok is false if it was not evaluated.
func (o outcome) at(m measure, length int) (x float64, ok bool) {
	for _, r := range o.lengths {
		if r.Length == length {
			x = m.value(r)
			return x, !math.IsNaN(x)
		}
	}
	return 0, false
}

// lengthsText lists the evaluated lengths.
func (o outcome) lengthsText() string {
	texts := make([]string, len(o.lengths))
	for i, r := range o.lengths {
		texts[i] = strconv.Itoa(r.Length)
	}
	return strings.Join(texts, ", ")
}
