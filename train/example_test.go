package train_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/train"
)

// Example trains a small model on a small text and reads its best weights back.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	text := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("to be or not to be, that is the question. ", 100)), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	cfg, err := train.New(train.Selection{Preset: "nano"})
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg.Data.Task.(*data.Text).Data, cfg.Data.Seq = text, 16
	cfg.Batch, cfg.Steps, cfg.Schedule.Steps, cfg.Schedule.LR = 8, 60, 60, 1e-2
	cfg.EvalEvery, cfg.SaveEvery, cfg.Out = 30, 30, filepath.Join(dir, "run")
	dataset, err := data.Open(cfg.Data, cfg.Seed)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dataset.Close()
	model, err := models.New[float32](models.Config{Model: "goom-rnn", Sizes: &models.GOOMRNN{
		Common: models.Common{Vocab: 256},
		Stack:  models.Stack{DEmb: 32, Layers: 1, Heads: 2, DHead: 8},
	}}, cfg.Seed)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := train.Run(context.Background(), cfg, model, dataset, io.Discard)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("steps:", result.Step)
	fmt.Println("better than guessing letters:", result.BestLoss < 2.5)
	// Output:
	// steps: 60
	// better than guessing letters: true
}
