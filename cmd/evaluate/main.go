package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"goomtrain/data/tasks"
	"goomtrain/internal/printable"
	"goomtrain/internal/simd"
	"goomtrain/models"
	"goomtrain/settings"

	_ "goomtrain/data/gpt2" // runs trained with -tokenizer gpt2
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the command's flags.
type options struct {
	from       string
	data, test string
	lengths    []int
	sequences  int
	average    bool
	positions  int
	json       bool
	threads    int

	task []settings.Pair // settings of the task that override those of the run
}

func (o *options) table() settings.Table {
	return settings.Table{
		{Name: "from", Help: "run folder, checkpoint folder, or .safetensors file with its config.toml next to it", Value: &o.from, Zero: "the newest run in runs/"},
		{Name: "lengths", Help: "lengths of the sequences, separated by commas", Value: &o.lengths, Rule: settings.Between(1, tasks.MaxLen), Zero: "the validation sets of the run"},
		{Name: "sequences", Help: "sequences of each set, if it has as many", Value: &o.sequences, Rule: settings.Between(1, 1<<24)},
		{Name: "data", Help: "file, folder or glob of the data, if it is no longer where the run found it", Value: &o.data, Zero: "that of the run"},
		{Name: "test-data", Help: "text or labeled text to score on in place of that of the run", Value: &o.test, Zero: "that of the run"},
		{Name: "positions", Help: "also score that many ranges of positions, of equal size", Value: &o.positions, Rule: settings.Between(0, 1<<16), Zero: "none"},
		{Name: "ema", Help: "use the averaged weights if the run kept them", Value: &o.average},
		{Name: "json", Help: "print one JSON object a line in place of the table", Value: &o.json},
		{Name: "threads", Help: "threads", Value: &o.threads, Rule: settings.Threads(), Zero: "all cores"},
	}.In("Flags")
}

// run runs the command and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := options{sequences: 1024, average: true}
	rest, err := o.parse(args)
	switch {
	case errors.Is(err, settings.ErrHelp):
		fmt.Fprintf(stdout, "Usage: go run ./cmd/evaluate [-from RUN] [flags]\n\nScores a trained model by the length of the sequences. Defaults in brackets.\n")
		o.table().Help(stdout)
		fmt.Fprintf(stdout, "\nThe flags of tasks, such as -task, -pairs and -delay (go run ./cmd/train -h task), override the settings of the run.\n")
		return 0
	case err == nil && len(rest) > 0:
		err = fmt.Errorf("unexpected argument %q: a run is named by -from", rest[0])
	case err == nil:
		err = o.table().Validate()
	}
	if err != nil {
		fmt.Fprintln(stderr, "evaluate:", printable.Line(err.Error()))
		return 2
	}
	if err := evaluate(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "evaluate:", printable.Line(err.Error()))
		return 1
	}
	return 0
}

// evaluate loads the model and its data and scores them in the precision of the training.
func evaluate(ctx context.Context, o options, stdout, stderr io.Writer) error {
	simd.SetThreads(o.threads)
	saved, from, err := models.FindRun(o.from, func(text string) { fmt.Fprintln(stderr, "note:", printable.Line(text)) })
	if err != nil {
		return err
	}
	o.from = from
	dataset, err := open(o, saved)
	if err != nil {
		return err
	}
	if err := errors.Join(checkFit(saved.Config, dataset), checkClasses(o.from, dataset.Classes)); err != nil {
		return errors.Join(err, dataset.Close())
	}
	if trained := saved.Weights.State.DataFingerprint; trained != "" && o.test == "" && o.task == nil && trained != dataset.Fingerprint && trained != dataset.Earlier {
		fmt.Fprintln(stderr, "note: the data has changed since the training, of which it may hold sequences")
	}
	if saved.Setting("dtype") == "float64" {
		err = score[float64](ctx, o, saved, dataset, stdout)
	} else {
		err = score[float32](ctx, o, saved, dataset, stdout)
	}
	return errors.Join(err, dataset.Close())
}
