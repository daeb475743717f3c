package train

import (
	"fmt"
	"strings"

	"goomtrain/data"
	"goomtrain/internal/comm"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/settings"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// Config is the whole configuration of a run. New returns one with defaults; Parse makes one from flags and
// files. Each part belongs to the package that uses it, which defines the settings and their rules. A copy by
// assignment shares the settings of the model, task, optimizer and schedule with the original: for an independent
// configuration call New again.
type Config struct {
	Model     models.Config
	Data      data.Config
	Schedule  schedule.Config
	Optimizer optim.Config
	Loop

	Commands Commands

	notes  []string    // printed at the start: what changes in a resumed run
	origin *origin     // of Init; nil: not found yet
	job    *comm.Group // the processes that train together; nil: not joined yet
}

// Commands are the command lines that a run suggests when it ends, each followed by the run folder. New sets
// those of this module. A program of another module, whose models these commands do not know, sets its own. An
// empty one is not printed.
type Commands struct {
	Resume   string // resumes the run
	Generate string // generates text with the model of the run
}

// Settings lists every setting of the run, named as in flags and files, in the order of the help.
func (c *Config) Settings() settings.Table {
	loop := c.Loop.settings()
	model := append(c.Model.Settings(), loop[partModel]...).In("Model")
	data := c.Data.Settings().In("Data")
	rates := append(c.Optimizer.Settings(), c.Schedule.Settings()...)
	rates = append(rates, loop[partOptimization]...).In("Optimization")
	table := append(model, data...)
	table = append(table, loop[partLength].In("Length of training")...)
	table = append(table, rates...)
	table = append(table, loop[partKeeping].In("Logs and checkpoints")...)
	return append(table, loop[partCall].In("This call")...)
}

// Set sets a setting to the value of text, as a flag does: Set("layers", "3").
func (c *Config) Set(name, text string) error {
	return c.Settings().Set(settings.Pair{Name: name, Text: text})
}

// Validate returns an error that names the first rule that is broken, or the two settings that contradict each
// other. It reads no file.
func (c *Config) Validate() error {
	if err := c.Model.Validate(); err != nil {
		return err
	}
	if err := c.Data.Validate(); err != nil {
		return err
	}
	if c.Curriculum && c.Data.MinSeq == 0 {
		return fmt.Errorf("-curriculum needs lengths to grow through: give a range, as in -seq 2:32, which only generated tasks have")
	}
	return c.validateTraining()
}

// validateTraining validates what Run needs, which does not include the model and the data.
func (c *Config) validateTraining() error {
	if err := c.Loop.validate(); err != nil {
		return err
	}
	if m := c.Model.Common(); m != nil && m.Dropout > 0 && c.OverfitBatch {
		return fmt.Errorf("-dropout %g contradicts -overfit-batch, whose loss could not approach zero: give -dropout 0", m.Dropout)
	}
	if err := c.Optimizer.Validate(); err != nil {
		return err
	}
	if err := c.checkRounding(); err != nil {
		return err
	}
	resolved := *c
	resolved.resolve()
	return resolved.Schedule.Validate()
}

// checkRounding returns an error for a setting that loses its meaning in the element type.
func (c *Config) checkRounding() error {
	if c.DType == "float64" {
		return checkRounding[float64](c)
	}
	return checkRounding[float32](c)
}

func checkRounding[F params.Float](c *Config) error {
	if _, err := optim.New[F](c.Optimizer, nil); err != nil {
		return err
	}
	if c.EMA == 0 {
		return nil
	}
	_, err := optim.NewEMA[F](nil, c.EMA)
	return err
}

// resolve replaces automatic values by the values that they stand for, once, before a run.
func (c *Config) resolve() {
	if c.MicroBatch == 0 {
		c.MicroBatch = c.Batch
		if c.job != nil {
			c.MicroBatch = c.Batch / (c.job.Size() / c.SequenceParallel)
		}
	}
	if c.Schedule.Steps == 0 {
		c.Schedule.Steps = max(c.Steps, c.presetSteps())
	}
	c.Schedule.Resolve()
}

// presetSteps is the number of steps of the preset, the length of the learning rate curve also in a shorter
// run. With it -steps 20, resumed with -steps 40, makes the same steps as an uninterrupted run of 40.
func (c *Config) presetSteps() int {
	preset, err := New(Selection{Model: c.Model.Model, Preset: c.Model.Preset})
	if err != nil { // not a registered model
		preset.Loop = defaultLoop()
	}
	return preset.Steps
}

// curve is the schedule of the configuration.
func (c Config) curve() (*schedule.Schedule, error) {
	c.resolve()
	return schedule.New(c.Schedule)
}

// modelText describes the model in one line.
func (c *Config) modelText() string {
	name := c.Model.Model
	if c.Model.Preset != "" {
		name += ", preset " + c.Model.Preset
	}
	var sizes []string
	for _, s := range c.Model.Settings()[2:] {
		if !s.IsZero() {
			sizes = append(sizes, s.Name+" "+s.Text())
		}
	}
	return name + ": " + strings.Join(sizes, ", ")
}
