package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"goomtrain/checkpoints"
	"goomtrain/settings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the command's flags.
type options struct {
	params, config, metrics bool
	plot                    string
	paths                   []string
}

func (o *options) table() settings.Table {
	const group = "Flags"
	return settings.Table{
		{Name: "params", Group: group, Help: "statistics of every tensor: mean, deviation, smallest, largest, not finite", Value: &o.params},
		{Name: "config", Group: group, Help: "the whole configuration of a run", Value: &o.config},
		{Name: "metrics", Group: group, Help: "every evaluation of a run", Value: &o.metrics},
		{Name: "plot", Group: group, Help: "PNG file to draw the losses of all runs in", Value: &o.plot},
	}
}

// run is the command: it returns the exit code.
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
		fmt.Fprintln(stderr, "inspect:", err)
		return 2
	}
	if err := inspect(o, stdout); err != nil {
		fmt.Fprintln(stderr, "inspect:", err)
		return 1
	}
	return 0
}

// inspect sorts the paths into runs and files of tensors, and describes or compares them.
func inspect(o options, out io.Writer) error {
	var runs []*runInfo
	var files []string
	for _, path := range o.paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		switch {
		case !info.IsDir():
			files = append(files, path)
		case exists(filepath.Join(path, checkpoints.ConfigFile)):
			r, err := readRun(path)
			if err != nil {
				return err
			}
			runs = append(runs, r)
		case exists(filepath.Join(path, "model.safetensors")):
			files = append(files, filepath.Join(path, "model.safetensors"))
		default:
			return fmt.Errorf("%s is neither a run folder (no %s) nor a checkpoint folder (no model.safetensors)", path, checkpoints.ConfigFile)
		}
	}
	if o.plot != "" {
		if err := plotRuns(o.plot, runs); err != nil {
			return err
		}
		fmt.Fprintf(out, "losses of %d runs drawn in %s\n", len(runs), o.plot)
	}
	for _, r := range runs {
		if err := r.describe(out, o); err != nil {
			return err
		}
	}
	if len(runs) > 1 {
		if err := compareRuns(out, runs); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := describeFile(out, f, o.params); err != nil {
			return err
		}
	}
	for _, f := range files[min(1, len(files)):] {
		if err := compareFiles(out, files[0], f); err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// aligned writes rows of tab-separated cells in columns.
func aligned(out io.Writer, write func(w io.Writer)) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	write(w)
	return w.Flush()
}
