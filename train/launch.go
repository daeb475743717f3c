package train

import (
	"context"
	"errors"
	"fmt"
	"io"

	"goomtrain/data"
	"goomtrain/internal/simd"
	"goomtrain/models"
)

// Launch opens the data and builds the model that the configuration names, and trains it by Run.
func Launch(ctx context.Context, cfg Config, console io.Writer) (Result, error) {
	if err := cfg.Validate(); err != nil {
		return Result{}, err
	}
	simd.SetThreads(cfg.Threads)
	// The sizes first: they are refused in no time, while a corpus takes some to read.
	if _, err := cfg.ModelConfig(max(cfg.Vocab, 1)); err != nil {
		return Result{}, err
	}
	dataset, err := data.Open(cfg.DataConfig(), cfg.Seed)
	if err != nil {
		return Result{}, err
	}
	var sizes models.Config
	if err = cfg.fitContext(dataset); err == nil {
		sizes, err = cfg.ModelConfig(dataset.Vocab)
	}
	if err != nil {
		return Result{}, errors.Join(err, dataset.Close())
	}
	cfg.setSizes(sizes)
	cfg.Seq = dataset.SeqLen
	fmt.Fprintf(console, "%s, preset %s: %d layers, width %d, %d x %d a layer, vocabulary %d\n",
		cfg.Model, cfg.Preset, sizes.Layers, sizes.DEmb, sizes.Heads, sizes.DHead, sizes.Vocab)
	var result Result
	if cfg.DType == "float64" {
		result, err = launch[float64](ctx, cfg, sizes, dataset, console)
	} else {
		result, err = launch[float32](ctx, cfg, sizes, dataset, console)
	}
	if cerr := dataset.Close(); err == nil {
		err = cerr
	}
	return result, err
}

func launch[F simd.Float](ctx context.Context, cfg Config, sizes models.Config, dataset *data.Dataset, console io.Writer) (Result, error) {
	model, err := models.New[F](sizes, cfg.Seed)
	if err != nil {
		return Result{}, err
	}
	return Run(ctx, cfg, model, dataset, console)
}
