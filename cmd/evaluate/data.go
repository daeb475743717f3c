package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/printable"
	"goomtrain/models"
	"goomtrain/settings"
	"goomtrain/train/metrics"
)

// parse sets the options to those of the arguments, and keeps settings of tasks apart. It returns the arguments that are no
// flags.
func (o *options) parse(args []string) (rest []string, err error) {
	own := o.table()
	all := slices.Clone(own)
	for _, name := range data.Tasks() {
		cfg, err := data.NewConfig(name)
		if err != nil {
			return nil, err
		}
		for _, s := range cfg.Settings() {
			if _, known := all.Find(s.Name); !known && s.Name != "eval-lengths" { // here -lengths
				all = append(all, s)
			}
		}
	}
	given, rest, err := all.ReadFlags(args)
	if err != nil {
		return nil, err
	}
	for _, p := range given {
		if _, ok := own.Find(p.Name); !ok {
			o.task = append(o.task, p)
		} else if err := own.Set(p); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// config returns the settings of the data: those of the run, overridden by those given. Of another task than that of the
// run only the tokenizer remains.
func (o options) config(saved models.Saved) (data.Config, error) {
	cfg, err := data.ConfigOf(saved.Settings)
	if err != nil {
		return cfg, err
	}
	if task, ok := settings.Last(o.task, "task"); ok && task != cfg.Name {
		if cfg, err = data.NewConfig(task); err != nil {
			return cfg, err
		}
		if name := saved.Setting("tokenizer"); name != "" {
			o.task = append([]settings.Pair{{Name: "tokenizer", Text: name}}, o.task...)
		}
	}
	table := cfg.Settings()
	for _, p := range o.task {
		if _, ok := table.Find(p.Name); !ok && p.Name == "tokenizer" {
			continue
		} else if !ok {
			return cfg, fmt.Errorf("-%s: the task %s has no such setting: leave it out, or name the task that has it", p.Name, cfg.Name)
		}
		if err := table.Set(p); err != nil {
			return cfg, err
		}
	}
	if _, given := settings.Last(o.task, "seq"); len(o.task) > 0 && !given && cfg.Validate() != nil {
		cfg.MinSeq, cfg.Seq = 0, 0 // the length of the run does not go with the other settings
	}
	return cfg, nil
}

// checkFit returns an error if the model cannot read the data.
func checkFit(model models.Config, d *data.Dataset) error {
	switch common := model.Common(); {
	case common == nil:
		return nil // which Load reports
	case model.Classifies() && d.Classes == nil:
		return fmt.Errorf("model %s gives a class to a whole sequence, but the sequences of task %s have no classes: name another task", model.Model, d.Name)
	case common.ResetDocuments && d.Tokenizer == nil:
		return fmt.Errorf("the model starts anew at each token %s, which begins a document, but the sequences of task %s are no documents of a text: name another task", common.DocumentStart, d.Name)
	case common.Vocab > 0 && d.Vocab > common.Vocab:
		return fmt.Errorf("the data has %d different tokens, but the model was trained on %d: score it on data with as many or fewer", d.Vocab, common.Vocab)
	}
	return nil
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
	cfg, err := o.config(saved)
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
	if err != nil { // it names the flag of the training
		err = errors.New(strings.ReplaceAll(err.Error(), "-eval-lengths", "-lengths"))
	}
	return dataset, err
}
