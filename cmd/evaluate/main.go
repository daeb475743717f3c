package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/data/tasks"
	"goomtrain/internal/printable"
	"goomtrain/internal/simd"
	"goomtrain/models"
	"goomtrain/settings"
	"goomtrain/train/metrics"

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
	json       bool
	threads    int
}

func (o *options) table() settings.Table {
	return settings.Table{
		{Name: "from", Help: "run folder, checkpoint folder, or .safetensors file with its config.toml next to it", Value: &o.from, Zero: "the newest run in runs/"},
		{Name: "lengths", Help: "lengths of the sequences, separated by commas", Value: &o.lengths, Rule: settings.Between(1, tasks.MaxLen), Zero: "the validation sets of the run"},
		{Name: "sequences", Help: "sequences of each set, if it has as many", Value: &o.sequences, Rule: settings.Between(1, 1<<24)},
		{Name: "data", Help: "file, folder or glob of the data, if it is no longer where the run found it", Value: &o.data, Zero: "that of the run"},
		{Name: "test-data", Help: "text or labeled text to score on in place of that of the run", Value: &o.test, Zero: "that of the run"},
		{Name: "ema", Help: "use the averaged weights if the run kept them", Value: &o.average},
		{Name: "json", Help: "print one JSON object a line in place of the table", Value: &o.json},
		{Name: "threads", Help: "threads", Value: &o.threads, Rule: settings.Threads(), Zero: "all cores"},
	}.In("Flags")
}

// run runs the command and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := options{sequences: 1024, average: true}
	_, rest, err := o.table().ParseFlags(args)
	switch {
	case errors.Is(err, settings.ErrHelp):
		fmt.Fprintf(stdout, "Usage: go run ./cmd/evaluate [-from RUN] [flags]\n\nScores a trained model by the length of the sequences. Defaults in brackets.\n")
		o.table().Help(stdout)
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
	if err := checkClasses(o.from, dataset.Classes); err != nil {
		return errors.Join(err, dataset.Close())
	}
	if trained := saved.Weights.State.DataFingerprint; trained != "" && o.test == "" && trained != dataset.Fingerprint && trained != dataset.Earlier {
		fmt.Fprintln(stderr, "note: the data has changed since the training, of which it may hold sequences")
	}
	if saved.Setting("dtype") == "float64" {
		err = score[float64](ctx, o, saved, dataset, stdout)
	} else {
		err = score[float32](ctx, o, saved, dataset, stdout)
	}
	return errors.Join(err, dataset.Close())
}

// checkClasses returns an error if the classes of the data are not those of the run, which the model would take for one
// another. Weights without their run folder have no names to compare.
func checkClasses(from string, classes *data.Classes) error {
	dir, err := checkpoints.RunFolder(from)
	if err != nil || classes == nil {
		return nil
	}
	names, err := metrics.ReadClasses(dir)
	if err != nil || names == nil {
		return err
	}
	const give = "give the path of that data with -data"
	if len(names) != len(classes.Names) {
		return fmt.Errorf("the data has %d classes, but the run was trained on %d: %s", len(classes.Names), len(names), give)
	}
	for i, name := range classes.Names {
		if name != names[i] {
			return fmt.Errorf("class %d of the data is %s, but the run was trained with %s in its place: %s", i, printable.Short(name, 40), printable.Short(names[i], 40), give)
		}
	}
	return nil
}

// open opens the data of the run, to be validated at the lengths asked for.
func open(o options, saved models.Saved) (*data.Dataset, error) {
	cfg, err := data.ConfigOf(saved.Settings)
	if err != nil {
		return nil, err
	}
	cfg.Sequences = o.sequences
	if len(o.lengths) > 0 {
		cfg.EvalLengths = o.lengths
	}
	if o.data != "" {
		if err := cfg.Settings().Set(settings.Pair{Name: "data", Text: o.data}); err != nil {
			return nil, fmt.Errorf("-data: the task %s is generated: leave it out", cfg.Name)
		}
	}
	if o.test != "" {
		switch task := cfg.Task.(type) {
		case *data.Classify:
			task.TestData, task.ValidFraction = o.test, 0
		case *data.Text:
			task.ValidData, task.ValidFraction = o.test, 0
		default:
			return nil, fmt.Errorf("-test-data: the task %s is neither text nor classify: leave it out", cfg.Name)
		}
	}
	seed, err := strconv.ParseUint(cmp.Or(saved.Setting("seed"), "1"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the seed of the run: %w", err)
	}
	dataset, err := data.Open(cfg, seed)
	if err != nil && len(o.lengths) > 0 { // it names the flag of the training
		err = errors.New(strings.ReplaceAll(err.Error(), "-eval-lengths", "-lengths"))
	}
	return dataset, err
}
