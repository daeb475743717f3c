package train

import (
	"fmt"
	"path/filepath"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/data/tokenizer"
	"goomtrain/models"
	"goomtrain/settings"
)

// A Call is a parsed command line.
type Call struct {
	Config Config
	Topic  string // with ErrHelp: what help was asked for; "": everything

	printConfig, manual bool
	completion          string
	file                string
}

// settings lists the settings of the call itself, which are not part of the configuration.
func (c *Call) settings() settings.Table {
	return settings.Table{
		{Name: "config", Help: "TOML file of settings, under the flags' names", Value: &c.file, OneCall: true},
		{Name: "print-config", Help: "print the resolved configuration and stop", Value: &c.printConfig, OneCall: true},
		{Name: "completion", Help: "print a script that completes the flags in a shell, and stop", Value: &c.completion, Rule: settings.OneOf(settings.Shells()...), Zero: "none", OneCall: true},
		{Name: "manual", Help: "print the manual page, in roff, and stop", Value: &c.manual, OneCall: true},
	}.In("This call")
}

// ErrHelp is returned by Parse when help was asked for; the Call has the topic.
var ErrHelp = settings.ErrHelp

// Parse parses command line arguments. Flags override the file of -config, which overrides the preset. With
// -resume the run's own file takes the place of the preset.
func Parse(args []string) (call Call, err error) {
	o, err := newOwners(call.settings())
	if err != nil {
		return call, err
	}
	flags, rest, err := o.table.ReadFlags(args)
	if err == ErrHelp {
		call.Topic = topic(args)
	}
	if err != nil {
		return call, err
	}
	if len(rest) > 0 {
		return call, fmt.Errorf("unexpected argument %q: values follow their flag, as in -steps 100 (-h lists all)", rest[0])
	}
	var file, saved []settings.Pair
	if path, ok := settings.Last(flags, "config"); ok {
		if file, err = settings.ReadFile(path); err != nil {
			return call, fmt.Errorf("-config: %w", err)
		}
		for _, p := range file {
			if o.kind[p.Name] == "call" {
				return call, fmt.Errorf("-config: %s: -%s is a flag only: leave it out of the file", path, p.Name)
			}
		}
	}
	given := append(file, flags...)
	if err := absolute(given); err != nil {
		return call, err
	}
	resume, _ := settings.Last(given, "resume")
	if resume != "" {
		if saved, err = readRun(resume); err != nil {
			return call, fmt.Errorf("-resume: %w", err)
		}
	}
	var from Config // with the model of -init
	if from.Init, _ = settings.Last(given, "init"); from.Init != "" && resume == "" {
		from.InitSHA256, _ = settings.Last(given, "init-sha256")
		if err := from.findOrigin(models.Find); err != nil {
			return call, err
		}
		model, _ := settings.Last(given, "model")
		saved = from.origin.inherited(model)
	}
	if call.Config, err = o.configOf(call.settings(), saved, given); err != nil {
		return call, err
	}
	c := &call.Config
	if from.origin != nil {
		c.origin, c.InitSHA256 = from.origin, from.InitSHA256
		if err := c.checkOrigin(); err != nil {
			return call, err
		}
	}
	if resume != "" {
		before, err := o.configOf(nil, saved, nil)
		if err != nil {
			return call, fmt.Errorf("-resume: %w", err)
		}
		if err := c.checkChanges(before.Settings(), given); err != nil {
			return call, err
		}
	}
	if err := c.checkFlags(flags); err != nil {
		return call, err
	}
	if err := call.settings().Validate(); err != nil {
		return call, err
	}
	return call, c.Validate()
}

// absolute makes the paths of the data, of -tokenizer and of -init absolute, so that a run finds them from any working directory.
func absolute(given []settings.Pair) error {
	for i, p := range given {
		path, err := p.Text, error(nil)
		switch {
		case p.Text == "": // has a meaning of its own
		case p.Name == "data" || p.Name == "valid-data": // of several sources
			path, err = data.Absolute(p.Text)
		case p.Name == "tokenizer":
			if tokenizer.IsPath(p.Text) {
				path, err = filepath.Abs(p.Text)
			}
		case p.Name == "test-data" || p.Name == "init":
			path, err = filepath.Abs(p.Text)
		}
		if err != nil {
			return fmt.Errorf("-%s: %w", p.Name, err)
		}
		given[i].Text = path
	}
	return nil
}

// configOf returns the configuration of saved settings, from a run's file, overridden by given ones, from the
// call. Settings that the selected model, task, optimizer or schedule does not have are an error if the call
// gives them, except with the value 0 or, in a file, the default.
func (o owners) configOf(call settings.Table, saved, given []settings.Pair) (Config, error) {
	all := append(append([]settings.Pair(nil), saved...), given...)
	c, err := New(selectionOf(all))
	if err != nil {
		return c, err
	}
	table := append(c.Settings(), call...)
	for i, p := range all {
		if _, ok := table.Find(p.Name); !ok {
			fromRun := i < len(saved)
			if _, known := o.table.Find(p.Name); known && (fromRun || p.IsZero() || p.File != "" && o.states(p)) {
				continue
			} else if known {
				return c, o.refuse(p, &c)
			}
		}
		if err := table.Set(p); err != nil {
			return c, err
		}
	}
	_, batch := settings.Last(given, "batch")
	_, micro := settings.Last(given, "micro-batch")
	if batch && !micro && c.Batch > 0 && c.MicroBatch > 0 && c.Batch%c.MicroBatch != 0 {
		c.MicroBatch = 0 // it belonged to the batch of the preset or of the run
	}
	return c, nil
}

func selectionOf(pairs []settings.Pair) (s Selection) {
	s.Model, _ = settings.Last(pairs, "model")
	s.Preset, _ = settings.Last(pairs, "preset")
	s.Task, _ = settings.Last(pairs, "task")
	s.Optimizer, _ = settings.Last(pairs, "optimizer")
	s.Schedule, _ = settings.Last(pairs, "schedule")
	return s
}

// checkFlags returns an error for a flag that has no effect without another setting.
func (c *Config) checkFlags(flags []settings.Pair) error {
	for _, r := range []struct {
		flag, needs string
		met         bool
	}{
		{"max-nonfinite", "-on-nonfinite skip", c.OnNonfinite == "skip"},
		{"min-delta", "-patience", c.Patience > 0},
		{"curriculum-loss", "-curriculum", c.Curriculum},
		{"sample", "-task text, or another of text", c.Data.IsText()},
	} {
		if _, given := settings.Last(flags, r.flag); given && !r.met {
			return fmt.Errorf("-%s only works with %s", r.flag, r.needs)
		}
	}
	return nil
}

// readRun reads the settings of the run that a run folder or checkpoint folder belongs to.
func readRun(path string) ([]settings.Pair, error) {
	dir, err := checkpoints.RunFolder(path)
	if err != nil {
		return nil, err
	}
	saved, err := settings.ReadFile(filepath.Join(dir, checkpoints.ConfigFile))
	if err != nil {
		return nil, err
	}
	if _, err := New(selectionOf(saved)); err != nil {
		return nil, fmt.Errorf("%s: %w; if another module registers it, use the program of that module", dir, err)
	}
	return saved, nil
}

// LoadConfig reads the configuration of the run that a run folder or checkpoint folder belongs to.
func LoadConfig(path string) (Config, error) {
	saved, err := readRun(path)
	if err != nil {
		return Config{}, err
	}
	return ConfigOf(saved)
}

// ConfigOf returns the configuration of a run that had these settings, as models.Saved has them.
func ConfigOf(run []settings.Pair) (Config, error) {
	o, err := newOwners(nil)
	if err != nil {
		return Config{}, err
	}
	return o.configOf(nil, run, nil)
}
