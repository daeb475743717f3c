package train

import (
	"goomtrain/data"
	"goomtrain/internal/gpu/driver"
	"goomtrain/models"
	"goomtrain/settings"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// A Selection names the choices that determine a run's settings. An empty name stands for the default.
type Selection struct {
	Model, Preset, Task, Optimizer, Schedule string
}

// The defaults of a Selection; that of a preset depends on the model.
const (
	defaultTask      = "text"
	defaultOptimizer = "muon"
	defaultSchedule  = "one-cycle"
)

// The defaults of programs built for a GPU, which cannot run the others.
const (
	defaultModelGPU     = "goom-rnn"
	defaultOptimizerGPU = "adamw"
)

// New returns the configuration of a selection: the defaults, overridden by those of the preset and then by
// those of the task. Both give learning rates of AdamW, which are scaled for other optimizers.
func New(s Selection) (c Config, err error) {
	optimizer := defaultOptimizer
	if driver.Built {
		s.Model, optimizer = or(s.Model, defaultModelGPU), defaultOptimizerGPU
	}
	c.Loop = defaultLoop()
	c.Commands = Commands{Resume: "go run ./cmd/train -resume", Generate: "go run ./cmd/generate -from"}
	if driver.Built { // without the tag the run would go on on the CPU
		c.Commands.Resume = "go run -tags gpu ./cmd/train -resume"
	}
	if c.Model, err = models.NewConfig(s.Model, s.Preset); err != nil {
		return c, err
	}
	if c.Data, err = data.NewConfig(or(s.Task, defaultTask)); err != nil {
		return c, err
	}
	preset := c.Model.Training()
	for _, p := range preset {
		if p.Name == "optimizer" {
			optimizer = p.Text
		}
	}
	preset = without(preset, []string{"optimizer"})
	if c.Optimizer, err = optim.NewConfig(or(s.Optimizer, optimizer)); err != nil {
		return c, err
	}
	if c.Schedule, err = schedule.NewConfig(or(s.Schedule, defaultSchedule)); err != nil {
		return c, err
	}
	if !c.Data.IsText() {
		// The length and the vocabulary of another task follow from the task, not from the preset.
		preset = without(preset, c.Data.Settings().Names(), "tokenizer")
	}
	if err := c.apply(preset); err != nil {
		return c, err
	}
	if !c.Data.IsText() {
		err = c.apply(taskTraining(c.Schedule.LR))
	}
	c.Schedule.LR = c.Optimizer.ScaleRate(c.Schedule.LR)
	return c, err
}

// taskTraining returns the settings that differ in training on tasks other than text. Progress shows in the
// accuracy, not in a sample, and a smaller weight decay suffices. Every update of a recurrence's matrix changes
// what it remembers over hundreds of steps, so the matrix gets a tenth of the learning rate: with 3e-3 for all
// parameters, copying after a delay of 200 reached an accuracy of 36 or 82 %, with a tenth of it for the matrix
// 99 %. Images of 784 steps are learned only at rates below 5e-3.
func taskTraining(lr float64) []settings.Pair {
	pairs := []settings.Pair{{Name: "sample", Text: "0"}, {Name: "weight-decay", Text: "0.01"}, {Name: "lr-recurrent", Text: "0.1"}}
	if lr > 2e-3 {
		pairs = append(pairs, settings.Pair{Name: "lr", Text: "0.002"})
	}
	return pairs
}

// apply sets those of the settings that this configuration has.
func (c *Config) apply(pairs []settings.Pair) error {
	table := c.Settings()
	for _, p := range pairs {
		if _, ok := table.Find(p.Name); ok {
			if err := table.Set(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// without returns the pairs whose names are not among these.
func without(pairs []settings.Pair, names []string, more ...string) (out []settings.Pair) {
	left := map[string]bool{}
	for _, name := range append(names, more...) {
		left[name] = true
	}
	for _, p := range pairs {
		if !left[p.Name] {
			out = append(out, p)
		}
	}
	return out
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
