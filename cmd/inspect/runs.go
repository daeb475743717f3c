package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/settings"
	"goomtrain/train/metrics"
)

// runInfo is what a run folder tells.
type runInfo struct {
	dir         string
	settings    []settings.Pair // of config.toml, in its order
	records     []metrics.Record
	checkpoints []checkpoints.Entry
	last        *metrics.Record // of training
	best        *metrics.Record // on the main validation set
}

func readRun(dir string) (*runInfo, error) {
	r := &runInfo{dir: dir}
	var err error
	if r.settings, err = settings.ReadFile(filepath.Join(dir, checkpoints.ConfigFile)); err != nil {
		return nil, err
	}
	if r.records, err = metrics.ReadFile(filepath.Join(dir, "metrics.jsonl")); err != nil {
		return nil, err
	}
	for i := range r.records {
		m := &r.records[i]
		switch {
		case m.Split == metrics.Train:
			r.last = m
		case m.Split == metrics.Valid && (r.best == nil || m.Loss < r.best.Loss):
			r.best = m
		}
	}
	r.checkpoints, err = checkpoints.List(dir)
	return r, err
}

// describe prints one run.
func (r *runInfo) describe(out io.Writer, o options) error {
	s := r.setting
	fmt.Fprintf(out, "run %s: %s, preset %s, on %s\n", r.dir, s("model"), s("preset"), s("task"))
	if sizes := r.sizes(); sizes != "" {
		fmt.Fprintf(out, "  %s\n", sizes)
	}
	fmt.Fprintf(out, "  %s, %s steps of %s x %s, %s, %s up to lr %s, seed %s\n", s("dtype"), s("steps"), s("batch"), s("seq"), s("optimizer"), s("schedule"), s("lr"), s("seed"))
	if r.last != nil {
		fmt.Fprintf(out, "  last step %d: loss %s, %s tokens in %s, peak memory %s MB\n", r.last.Step, number(r.last.Loss),
			metrics.Short(float64(r.last.Tokens)), metrics.Duration(time.Duration(r.last.Elapsed*float64(time.Second))), number(r.last.PeakRSS))
	}
	if r.best != nil {
		fmt.Fprintf(out, "  best validation at step %d: %s\n", r.best.Step, scores(r.best))
	}
	for _, e := range r.checkpoints {
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
		fmt.Fprintf(out, "  checkpoint %s%s\n", filepath.Base(e.Dir), marks)
	}
	if o.config {
		for _, p := range r.settings {
			fmt.Fprintf(out, "  %s = %s\n", p.Name, p.Text)
		}
	}
	if o.metrics {
		if err := r.evaluations(out); err != nil {
			return err
		}
	}
	if !o.params {
		return nil
	}
	weights, err := checkpoints.LoadWeights(r.dir)
	if err != nil {
		return err
	}
	return describeFile(out, weights.ModelPath(), true)
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
func (r *runInfo) evaluations(out io.Writer) error {
	return aligned(out, func(w io.Writer) {
		fmt.Fprintln(w, "  step\tset\tloss\tbpb\taccuracy\ttokens\telapsed")
		for _, m := range r.records {
			if m.Split != metrics.Train {
				fmt.Fprintf(w, "  %d\t%s\t%s\t%s\t%s\t%d\t%s\n", m.Step, m.Split, number(m.Loss), number(m.BPB), number(m.Accuracy),
					m.Tokens, metrics.Duration(time.Duration(m.Elapsed*float64(time.Second))))
			}
		}
	})
}

// compareRuns prints results side by side and the settings in which runs differ from the first.
func compareRuns(out io.Writer, runs []*runInfo) error {
	fmt.Fprintln(out, "\ncomparison")
	err := aligned(out, func(w io.Writer) {
		fmt.Fprintln(w, "  run\tbest loss\tbpb\taccuracy\tat step\tlast loss\tsteps\ttokens/s\ttime")
		for _, r := range runs {
			best, last := r.best, r.last
			if best == nil {
				best = &metrics.Record{Loss: math.NaN(), BPB: math.NaN(), Accuracy: math.NaN()}
			}
			if last == nil {
				last = &metrics.Record{Loss: math.NaN()}
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%d\t%s\t%d\t%s\t%s\n", r.dir, number(best.Loss), number(best.BPB), number(best.Accuracy), best.Step,
				number(last.Loss), last.Step, r.speed(), metrics.Duration(time.Duration(last.Elapsed*float64(time.Second))))
		}
	})
	if err != nil {
		return err
	}
	for _, r := range runs[1:] {
		different := differences(runs[0], r)
		fmt.Fprintf(out, "settings of %s | %s: %d differ\n", runs[0].dir, r.dir, len(different))
		for _, d := range different {
			fmt.Fprintln(out, "  "+d)
		}
	}
	return nil
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

// plotRuns draws the training and validation losses of all runs.
func plotRuns(path string, runs []*runInfo) error {
	if len(runs) == 0 {
		return errors.New("plot: no run folder given")
	}
	var all []metrics.Record
	for _, r := range runs {
		all = append(all, r.records...)
	}
	_, unit := metrics.LossCurves(all) // one unit for all
	var curves []metrics.Curve
	for _, r := range runs {
		records := append([]metrics.Record(nil), r.records...)
		if unit == metrics.NatsPerToken {
			for i := range records {
				records[i].BPB = math.NaN()
			}
		}
		own, _ := metrics.LossCurves(records)
		for _, c := range own {
			if c.Name == metrics.Train || c.Name == metrics.Valid {
				c.Name = filepath.Base(filepath.Clean(r.dir)) + " " + c.Name
				curves = append(curves, c)
			}
		}
	}
	if len(curves) == 0 {
		return errors.New("plot: the runs have logged nothing yet")
	}
	return metrics.WritePlot(path, "", unit, curves)
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
	return text
}

// number writes what is known with five digits.
func number(x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	return fmt.Sprintf("%.5g", x)
}
