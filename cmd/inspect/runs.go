package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/internal/printable"
	"goomtrain/settings"
	"goomtrain/train/metrics"
)

// runInfo is what a run folder tells.
type runInfo struct {
	dir         string
	settings    []settings.Pair // of config.toml, in its order
	records     []metrics.Record
	skipped     metrics.Skipped
	checkpoints []checkpoints.Entry
	last        *metrics.Record // of training
	best        *metrics.Record // on the main validation set
}

// readRun reads all of a run folder that can be read; nil if that is not even its configuration.
func (r *report) readRun(dir string) *runInfo {
	run := &runInfo{dir: dir}
	var err error
	if run.settings, err = settings.ReadFile(filepath.Join(dir, checkpoints.ConfigFile)); err != nil {
		r.fail(err)
		return nil
	}
	run.records, run.skipped, err = metrics.ReadGood(filepath.Join(dir, "metrics.jsonl"))
	r.fail(err)
	for i := range run.records {
		m := &run.records[i]
		switch {
		case m.Split == metrics.Train:
			run.last = m
		case m.Split == metrics.Valid && !math.IsNaN(m.Loss) && (run.best == nil || m.Loss < run.best.Loss):
			run.best = m
		}
	}
	run.checkpoints, err = checkpoints.List(dir)
	r.fail(err)
	return run
}

// describeRun prints one run. Texts of its files are made safe for a terminal.
func (r *report) describeRun(run *runInfo) {
	say := func(format string, args ...any) { fmt.Fprintln(r.out, printable.Line(fmt.Sprintf(format, args...))) }
	s := run.setting
	say("run %s: %s, preset %s, on %s", run.dir, s("model"), s("preset"), s("task"))
	if sizes := run.sizes(); sizes != "" {
		say("  %s", sizes)
	}
	say("  %s, %s steps of %s x %s, %s, %s up to lr %s, seed %s", s("dtype"), s("steps"), s("batch"), s("seq"), s("optimizer"), s("schedule"), s("lr"), s("seed"))
	if s("init") != "none" {
		say("  started from the weights of %s", s("init"))
	}
	if s("freeze") != "none" {
		say("  frozen: %s", s("freeze"))
	}
	if last := run.last; last != nil {
		say("  last step %d: loss %s, %s tokens in %s, peak memory %s MB", last.Step, number(last.Loss),
			metrics.Short(float64(last.Tokens)), metrics.Duration(time.Duration(last.Elapsed*float64(time.Second))), number(last.PeakRSS))
	}
	if run.best != nil {
		say("  best validation at step %d: %s", run.best.Step, scores(run.best))
	}
	if run.skipped.Lines > 0 {
		say("  left out %s of metrics.jsonl without a record; the first: %v", printable.Count(run.skipped.Lines, "line"), run.skipped.First)
	}
	for _, e := range run.checkpoints {
		marks := ""
		if e.Last {
			marks += " last"
		}
		if e.Best {
			marks += " best"
		}
		if e.Err != nil {
			marks += " unusable: " + e.Err.Error()
		}
		say("  checkpoint %s%s", filepath.Base(e.Dir), marks)
	}
	if r.config {
		for _, p := range run.settings {
			say("  %s = %s", p.Name, p.Text)
		}
	}
	if r.metrics {
		r.evaluations(run)
	}
	if r.classes {
		r.classScores(run)
	}
	if r.params {
		weights, err := checkpoints.LoadWeights(run.dir)
		if err != nil {
			r.fail(err)
			return
		}
		r.describeFile(weights.ModelPath(), true)
	}
}

// setting is the text of a setting of the run; "none" where it is not set.
func (r *runInfo) setting(name string) string {
	text, _ := settings.Last(r.settings, name)
	if text == "" {
		return "none"
	}
	return text
}

// sizes lists the settings of the model, which stand between its preset and its element type.
func (r *runInfo) sizes() string {
	from := slices.IndexFunc(r.settings, func(p settings.Pair) bool { return p.Name == "preset" })
	to := slices.IndexFunc(r.settings, func(p settings.Pair) bool { return p.Name == "dtype" })
	var sizes []string
	for i := from + 1; i < to; i++ {
		if p := r.settings[i]; !p.IsZero() {
			sizes = append(sizes, p.Name+" "+p.Text)
		}
	}
	return strings.Join(sizes, ", ")
}

// differences lists the settings in which two runs differ, as NAME: ONE | OTHER.
func differences(a, b *runInfo) (out []string) {
	seen := map[string]bool{}
	for _, p := range append(slices.Clone(a.settings), b.settings...) {
		if x, y := a.setting(p.Name), b.setting(p.Name); x != y && !seen[p.Name] {
			out = append(out, fmt.Sprintf("%s: %s | %s", p.Name, x, y))
		}
		seen[p.Name] = true
	}
	return out
}

// evaluations prints every validation record.
func (r *report) evaluations(run *runInfo) {
	r.aligned(func(w io.Writer) {
		fmt.Fprintln(w, "  step\tset\tlength\tloss\tbpb\taccuracy\tsequences\ttokens\telapsed")
		for _, m := range run.records {
			if m.Split != metrics.Train {
				fmt.Fprintf(w, "  %d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", m.Step, printable.Short(m.Split, longest), length(m), number(m.Loss), number(m.BPB), number(m.Accuracy),
					number(m.SequenceAccuracy), m.Tokens, metrics.Duration(time.Duration(m.Elapsed*float64(time.Second))))
			}
		}
	})
}

// classScores prints the results on each class at the best evaluation.
func (r *report) classScores(run *runInfo) {
	switch {
	case run.best == nil:
		r.fail(fmt.Errorf("%s has no table of classes: it has no evaluation yet", run.dir))
		return
	case len(run.best.Confusion) == 0:
		r.fail(fmt.Errorf("%s has no table of classes: its task has none, or more than %d", run.dir, metrics.MaxConfusion))
		return
	}
	names, err := metrics.ReadClasses(run.dir)
	r.fail(err)
	fmt.Fprintf(r.out, "  classes at step %d\n", run.best.Step)
	r.fail(run.best.Confusion.WriteTable(r.out, names))
}

// compareRuns prints results side by side and the settings in which runs differ from the first.
func (r *report) compareRuns(runs []*runInfo) {
	fmt.Fprintln(r.out, "\ncomparison")
	r.aligned(func(w io.Writer) {
		fmt.Fprintln(w, "  run\tbest loss\tbpb\taccuracy\tat step\tlast loss\tsteps\ttokens/s\ttime")
		for _, run := range runs {
			best, last := run.best, run.last
			if best == nil {
				best = &metrics.Record{Loss: math.NaN(), BPB: math.NaN(), Accuracy: math.NaN()}
			}
			if last == nil {
				last = &metrics.Record{Loss: math.NaN()}
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%d\t%s\t%d\t%s\t%s\n", printable.Line(run.dir), number(best.Loss), number(best.BPB), number(best.Accuracy), best.Step,
				number(last.Loss), last.Step, run.speed(), metrics.Duration(time.Duration(last.Elapsed*float64(time.Second))))
		}
	})
	for _, run := range runs[1:] {
		different := differences(runs[0], run)
		fmt.Fprintf(r.out, "settings of %s | %s: %d differ\n", printable.Line(runs[0].dir), printable.Line(run.dir), len(different))
		for _, d := range different {
			fmt.Fprintln(r.out, "  "+printable.Line(d))
		}
	}
}

// speed is the mean of the logged training speeds.
func (r *runInfo) speed() string {
	sum, n := 0.0, 0
	for _, m := range r.records {
		if m.Split == metrics.Train && !math.IsNaN(m.TokensPerSec) {
			sum, n = sum+m.TokensPerSec, n+1
		}
	}
	if n == 0 {
		return "-"
	}
	return metrics.Short(sum / float64(n))
}

// scores writes the known results of an evaluation.
func scores(m *metrics.Record) string {
	text := "loss " + number(m.Loss)
	if !math.IsNaN(m.BPB) {
		text += ", " + number(m.BPB) + " bits per byte"
	}
	if !math.IsNaN(m.Accuracy) {
		text += ", accuracy " + number(m.Accuracy)
	}
	if !math.IsNaN(m.SequenceAccuracy) {
		text += ", of sequences " + number(m.SequenceAccuracy)
	}
	return text
}

// length writes the length of a set; runs of earlier versions do not have it.
func length(m metrics.Record) string {
	if m.Length == 0 {
		return "-"
	}
	return strconv.Itoa(m.Length)
}

// number writes what is known with five digits.
func number(x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	return fmt.Sprintf("%.5g", x)
}
