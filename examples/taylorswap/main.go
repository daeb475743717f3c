// Command taylorswap takes a trained softmax-attention model, replaces its attention by Taylor attention of 2
// to 8 terms without any other change, and prints the effect on the validation loss:
//
//	go run ./cmd/train -model softmax-attention -out runs/softmax
//	go run ./examples/taylorswap -from runs/softmax
//
// A GPT-2 that cmd/convert has imported is such a model too. Without -from it first trains a small one for -steps
// steps. It stops before the number of terms whose state would be too large for the dimension of a head.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/ops"
	"goomtrain/train"

	_ "goomtrain/data/gpt2" // runs with GPT-2's tokenizer
)

func main() {
	from := flag.String("from", "", "run folder, checkpoint or .safetensors file of a softmax-attention model; empty: train one")
	steps := flag.Int("steps", 300, "steps of that training")
	text := flag.String("data", "", "file, folder or glob of text to score on; empty: that of the run")
	batches := flag.Int("batches", 20, "validation batches to score")
	flag.Parse()
	if *steps < 1 || *batches < 1 {
		fmt.Fprintf(os.Stderr, "taylorswap: -steps %d, -batches %d: want at least 1 of each\n", *steps, *batches)
		os.Exit(2)
	}
	if err := run(os.Stdout, *from, *text, *steps, *batches); err != nil {
		fmt.Fprintln(os.Stderr, "taylorswap:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, from, text string, steps, batches int) error {
	if from == "" {
		dir, err := os.MkdirTemp("", "taylorswap")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		from = filepath.Join(dir, "run")
		if err := trainSoftmax(out, from, steps); err != nil {
			return err
		}
	}
	saved, err := models.Find(from)
	if err != nil {
		return err
	}
	if saved.Config.Model != "softmax-attention" {
		return fmt.Errorf("%s holds a %s: want a softmax-attention", from, saved.Config.Model)
	}
	trained, err := models.Load[float32](saved, true)
	if err != nil {
		return err
	}
	cfg, err := train.LoadConfig(from)
	if err != nil {
		return err
	}
	if text != "" {
		if err := cfg.Set("data", text); err != nil {
			return err
		}
	}
	set, err := data.Open(cfg.Data, cfg.Seed)
	if err != nil {
		return err
	}
	err = compare(out, trained, set, batches)
	return errors.Join(err, set.Close())
}

// trainSoftmax makes a run of a small model on the default text.
func trainSoftmax(out io.Writer, dir string, steps int) error {
	cfg, err := train.New(train.Selection{Model: "softmax-attention", Preset: "nano", Optimizer: "adamw"})
	if err != nil {
		return err
	}
	cfg.Out, cfg.Steps, cfg.Schedule.Steps, cfg.SampleTokens = dir, steps, steps, 0
	_, err = train.Launch(context.Background(), cfg, out)
	return err
}

// compare scores the model as it is, and with Taylor attention of every number of terms.
func compare(out io.Writer, trained *models.Model[float32], set *data.Dataset, batches int) error {
	width := trained.Config().Sizes.(*models.SoftmaxAttention).DHead
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "attention\tnats per token\tbits per byte\tstate of a head (numbers)")
	score := func(name, state string, model *models.Model[float32]) error {
		s, err := train.Evaluate(context.Background(), model, set.Valid[0], new(data.Batch), 8, batches)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%.4f\t%.4f\t%s\n", name, s.Loss, s.BPB, state)
		return nil
	}
	if err := score("softmax", "grows", trained); err != nil {
		return err
	}
	for terms := 2; terms <= mostTerms(width); terms++ {
		swapped, err := swap(trained, terms)
		if err != nil {
			return err
		}
		_, total := ops.TaylorTable(width, width, terms)
		if err := score(fmt.Sprintf("Taylor, %d terms", terms), fmt.Sprint(total.State), swapped); err != nil {
			return err
		}
	}
	return table.Flush()
}

// mostTerms returns the largest number of terms for heads of that dimension.
func mostTerms(width int) int {
	terms := 1
	for terms < ops.MaxTaylorTerms && ops.CountTaylorFeatures(width, terms+1) <= ops.MaxTaylorFeatures {
		terms++
	}
	return terms
}

// swap is the model with Taylor attention: parameters have the same names and shapes.
func swap(trained *models.Model[float32], terms int) (*models.Model[float32], error) {
	sizes := trained.Config().Sizes.(*models.SoftmaxAttention)
	swapped, err := models.New[float32](models.Config{
		Model: "taylor-attention",
		Sizes: &models.TaylorAttention{Transformer: sizes.Transformer, TaylorTerms: terms},
	}, 1)
	if err != nil {
		return nil, err
	}
	for i, p := range swapped.Params() {
		from := trained.Params()[i]
		if p.Name != from.Name || len(p.Value) != len(from.Value) {
			return nil, fmt.Errorf("parameter %s %v does not stand for %s %v", p.Name, p.Shape, from.Name, from.Shape)
		}
		copy(p.Value, from.Value)
	}
	return swapped, nil
}
