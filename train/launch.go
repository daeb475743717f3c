package train

import (
	"context"
	"fmt"
	"io"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train/metrics"
)

// Launch opens the data, builds the model of the configuration and trains it with Run.
func Launch(ctx context.Context, cfg Config, console io.Writer) (Result, error) {
	if err := cfg.Validate(); err != nil {
		return Result{}, err
	}
	if err := cfg.join(); err != nil {
		return Result{}, err
	}
	console = cfg.voice(console)
	if cfg.Out != "" { // before the data, which may take long to read
		if err := checkpoints.CheckNew(cfg.Out); err != nil {
			return Result{}, fmt.Errorf("-out: %w", err)
		}
	}
	dataset, err := openData(cfg, console)
	if err != nil {
		return Result{}, err
	}
	cfg.Model, cfg.Data.Seq = cfg.Model.Clone(), dataset.SeqLen
	var result Result
	vocab, err := cfg.vocab(dataset.Vocab)
	if err == nil {
		err = fit(cfg.Model, dataset, vocab)
	}
	if err == nil {
		fmt.Fprintln(console, cfg.modelText())
		if cfg.DType == "float64" {
			result, err = launch[float64](ctx, cfg, dataset, console)
		} else {
			result, err = launch[float32](ctx, cfg, dataset, console)
		}
	}
	if cerr := dataset.Close(); err == nil {
		err = cerr
	}
	return result, err
}

// openData opens the data, and shows on a terminal how far it is read.
func openData(cfg Config, console io.Writer) (*data.Dataset, error) {
	reading := metrics.NewReading(console)
	defer reading.Close()
	cfg.Data.Progress = reading.Show
	if cfg.Resume != "" {
		dir, err := checkpoints.RunFolder(cfg.Resume)
		if err != nil {
			return nil, fmt.Errorf("-resume: %w", err)
		}
		cfg.Data.Copies = dir
	}
	return data.Open(cfg.Data, cfg.Seed)
}

func launch[F params.Float](ctx context.Context, cfg Config, dataset *data.Dataset, console io.Writer) (Result, error) {
	model, err := models.New[F](cfg.Model, cfg.Seed)
	if err != nil {
		return Result{}, err
	}
	return Run(ctx, cfg, model, dataset, console)
}

// fit sets the sizes of the model that follow from the data and from a vocabulary that includes that of the data.
func fit(model models.Config, d *data.Dataset, vocab int) error {
	if d.Tokenizer != nil {
		model.FitDocuments(d.Tokenizer.Separator())
	} else if model.Common().ResetDocuments {
		return fmt.Errorf("-reset-documents: the sequences of task %s are no documents of a text: leave it out (-reset-documents=false where -init has it)", d.Name)
	}
	if model.Classifies() { // first: the vocabulary has the classes too, and an error about classes says more
		if err := fitClasses(model, d); err != nil {
			return err
		}
	}
	return model.Fit(vocab, longest(d))
}

// fitClasses sets the sizes of a classifier that follow from the classes of the data and the size of images.
func fitClasses(model models.Config, d *data.Dataset) error {
	if d.Classes == nil {
		return fmt.Errorf("model %s gives a class to a whole sequence, but the sequences of task %s have no classes: give -task classify or -task images, or another model", model.Model, d.Name)
	}
	rows, columns := d.Rows, 0
	if rows > 0 {
		columns = d.SeqLen / rows
	}
	return model.FitClasses(len(d.Classes.Names), rows, columns)
}

// longest returns the length of the longest sequence to train or validate on.
func longest(d *data.Dataset) int {
	n := d.SeqLen
	for _, v := range d.Valid {
		n = max(n, v.Len)
	}
	return n
}
