// Command results makes docs/results.md, the table of results in README.md and docs/results/length.png from the runs
// in docs/results/runs. Run it in the root of the repository:
//
//	go run ./docs/results
//	go run ./docs/results -train -only 's3|z5' -threads 2
//
// With -train it first trains every recipe of docs/results/recipes.toml with every seed of which docs/results/runs has
// no run with the recipe's settings. A run that fails is reported and the others go on. Ctrl-C ends the training; the
// runs that are finished are kept.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"

	"goomtrain/settings"

	_ "goomtrain/data/gpt2" // -tokenizer gpt2
)

// options are the command's flags.
type options struct {
	train   bool
	only    string // regular expression
	threads int    // of a run; 0: all cores
}

func (o *options) table() settings.Table {
	return settings.Table{
		{Name: "train", Help: "train the recipes and seeds of which no run is stored", Value: &o.train},
		{Name: "only", Help: "with -train: only recipes whose name matches this regular expression", Value: &o.only, Zero: "all"},
		{Name: "threads", Help: "with -train: threads of a run", Value: &o.threads, Rule: settings.Threads(), Zero: "all cores"},
	}.In("Flags")
}

// Exit codes of the command.
const (
	failed      = 1
	wrongUsage  = 2
	interrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command in the root of the repository and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	_, rest, err := o.table().ParseFlags(args)
	switch {
	case errors.Is(err, settings.ErrHelp):
		fmt.Fprintf(stdout, "Usage: go run ./docs/results [flags]\n\nWrites docs/results.md and the table of README.md from the stored runs.\n")
		o.table().Help(stdout)
		return 0
	case err == nil && len(rest) > 0:
		err = fmt.Errorf("unexpected argument %q", rest[0])
	case err == nil && !o.train && (o.only != "" || o.threads != 0):
		err = errors.New("-only and -threads only work with -train")
	case err == nil:
		err = o.table().Validate()
	}
	only, badPattern := regexp.Compile(o.only)
	if err = errors.Join(err, badPattern); err != nil {
		fmt.Fprintln(stderr, "results:", err)
		return wrongUsage
	}
	if err := results(ctx, stdout, o, only); err != nil {
		fmt.Fprintln(stderr, "results:", err)
		if errors.Is(err, errInterrupted) {
			return interrupted
		}
		return failed
	}
	return 0
}

var errInterrupted = errors.New("interrupted; the finished runs are stored")

// results trains if asked to, and then writes the documents, even if a training run failed.
func results(ctx context.Context, out io.Writer, o options, only *regexp.Regexp) error {
	const root = "."
	b, err := readBook(filepath.Join(root, "docs", "results", "recipes.toml"))
	if err != nil {
		return err
	}
	var trained error
	if o.train {
		program, remove, err := build(ctx, root)
		if err != nil {
			return err
		}
		defer remove()
		trained = b.train(ctx, out, root, program, only, o.threads)
	}
	return errors.Join(trained, b.write(out, root))
}
