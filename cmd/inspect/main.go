package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"goomtrain/checkpoints"
	"goomtrain/internal/printable"
	"goomtrain/internal/regular"
	"goomtrain/settings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the command's flags.
type options struct {
	params, config, metrics, classes bool
	plot                             string
	paths                            []string
}

func (o *options) table() settings.Table {
	const group = "Flags"
	return settings.Table{
		{Name: "params", Group: group, Help: "statistics of every tensor: mean, standard deviation, smallest, largest, not finite", Value: &o.params},
		{Name: "config", Group: group, Help: "the whole configuration of a run", Value: &o.config},
		{Name: "metrics", Group: group, Help: "every evaluation of a run", Value: &o.metrics},
		{Name: "classes", Group: group, Help: "precision and recall of each class, and the confusion matrix, at the best evaluation of a run", Value: &o.classes},
		{Name: "plot", Group: group, Help: "PNG file to draw the losses of all runs in", Value: &o.plot},
	}
}

// run runs the command and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	var o options
	_, paths, err := o.table().ParseFlags(args)
	o.paths = paths
	switch {
	case errors.Is(err, settings.ErrHelp):
		fmt.Fprintf(stdout, "Usage: go run ./cmd/inspect [flags] PATH...\n\nA path is a run folder, a checkpoint folder or a .safetensors file.\n")
		o.table().Help(stdout)
		return 0
	case err == nil && len(paths) == 0:
		err = errors.New("no path given: name run folders, checkpoint folders or .safetensors files")
	}
	if err != nil {
		fmt.Fprintln(stderr, "inspect:", printable.Line(err.Error()))
		return 2
	}
	r := report{out: stdout, options: o}
	r.write()
	for _, err := range r.failures {
		fmt.Fprintln(stderr, "inspect:", printable.Line(err.Error()))
	}
	if len(r.failures) > 0 {
		return 1
	}
	return 0
}

// A report is the output of one call. Errors of reading are collected in failures; the rest is still reported.
type report struct {
	options
	out      io.Writer
	failures []error
}

func (r *report) fail(err error) {
	if err != nil {
		r.failures = append(r.failures, err)
	}
}

// write sorts the paths into runs and files of tensors, and describes and compares them.
func (r *report) write() {
	var runs []*runInfo
	var files []string
	for _, path := range r.paths {
		switch info, err := os.Stat(path); {
		case err != nil:
			r.fail(err)
		case !info.IsDir():
			files = append(files, path)
		case checkpoints.WeightsIn(path) != "": // of a run they are in its checkpoints
			files = append(files, checkpoints.WeightsIn(path))
		case regular.Exists(filepath.Join(path, checkpoints.ConfigFile)):
			if run := r.readRun(path); run != nil {
				runs = append(runs, run)
			}
		default:
			r.fail(fmt.Errorf("%s is neither a run folder (no %s) nor a checkpoint folder (no model.safetensors)", path, checkpoints.ConfigFile))
		}
	}
	if r.plot != "" {
		r.plotRuns(runs)
	}
	for _, run := range runs {
		r.describeRun(run)
	}
	if len(runs) > 1 {
		r.compareRuns(runs)
	}
	var readable []string
	for _, f := range files {
		if r.describeFile(f, r.params) {
			readable = append(readable, f)
		}
	}
	for _, f := range readable[min(1, len(readable)):] {
		r.compareFiles(readable[0], f)
	}
}

// aligned writes rows of tab-separated cells in columns.
func (r *report) aligned(write func(w io.Writer)) {
	w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	write(w)
	r.fail(w.Flush())
}
