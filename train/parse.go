package train

import (
	"fmt"
	"io"
	"path/filepath"

	"goomtrain/checkpoints"
	"goomtrain/settings"
)

// A Call is what a command line asks for.
type Call struct {
	Config      Config
	PrintConfig bool
	file        string
}

// settings lists what is of the call itself, beside the configuration.
func (c *Call) settings() settings.Table {
	return settings.Table{
		{Name: "config", Help: "TOML file of settings, under the flags' names", Value: &c.file, OneCall: true},
		{Name: "print-config", Help: "print the resolved configuration and stop", Value: &c.PrintConfig, OneCall: true},
	}.In("This call")
}

// ErrHelp is returned by Parse when help was asked for.
var ErrHelp = settings.ErrHelp

// Help writes all flags by group with the defaults of a run without flags. program is how the program is called,
// such as "go run ./cmd/train".
func Help(w io.Writer, program string) error {
	o, err := newOwners(new(Call).settings())
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Usage: %s [-config file.toml] [flags]\n\nTrains a sequence model. Values: preset < config file < flag. Defaults in brackets.\n", program)
	o.help().Help(w)
	return nil
}

// Parse makes a call of command line arguments. Values come from the preset, the file of -config and
// the flags, each over the one before; with -resume from the run's own file instead of the preset.
func Parse(args []string) (call Call, err error) {
	o, err := newOwners(call.settings())
	if err != nil {
		return call, err
	}
	flags, rest, err := o.table.ReadFlags(args)
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
	if call.Config, err = o.configOf(call.settings(), saved, given); err != nil {
		return call, err
	}
	c := &call.Config
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
	return call, c.Validate()
}

// absolute makes the path of the data absolute, so that a run finds it from any working folder.
func absolute(given []settings.Pair) error {
	for i, p := range given {
		if p.Name == "data" && p.Text != "" {
			path, err := filepath.Abs(p.Text)
			if err != nil {
				return fmt.Errorf("-data: %w", err)
			}
			given[i].Text = path
		}
	}
	return nil
}

// configOf is the configuration of the settings that a run's file and a call give, the latter over the
// former, the call's own among them. What the selected model, task, optimizer and schedule do not have is
// refused when the call gives it, unless it is given as 0 or a file only states its default.
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
		c.MicroBatch = 0 // it was for the batch of the preset or of the run
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

// checkFlags refuses flags that have no effect without another setting.
func (c *Config) checkFlags(flags []settings.Pair) error {
	for _, r := range []struct {
		flag, needs string
		met         bool
	}{
		{"max-nonfinite", "-on-nonfinite skip", c.OnNonfinite == "skip"},
		{"min-delta", "-patience", c.Patience > 0},
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
	return settings.ReadFile(filepath.Join(dir, checkpoints.ConfigFile))
}

// LoadConfig reads the configuration of the run that a run folder or checkpoint folder belongs to.
func LoadConfig(path string) (Config, error) {
	saved, err := readRun(path)
	if err != nil {
		return Config{}, err
	}
	o, err := newOwners(nil)
	if err != nil {
		return Config{}, err
	}
	return o.configOf(nil, saved, nil)
}
