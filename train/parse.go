package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"goomtrain/settings"
)

// ConfigFile is the name of the resolved configuration in a run folder.
const ConfigFile = "config.toml"

// A Call is what a command line asks for.
type Call struct {
	Config      Config
	PrintConfig bool
	file        string
}

// table is the configuration's settings and those of the call itself.
func (c *Call) table() settings.Table {
	const call = "This call"
	return append(c.Config.Table(),
		settings.Setting{Name: "config", Group: call, Help: "TOML file of settings, under the flags' names", Value: &c.file, OneCall: true},
		settings.Setting{Name: "print-config", Group: call, Help: "print the resolved configuration and stop", Value: &c.PrintConfig, OneCall: true})
}

// ErrHelp is returned by Parse when help was asked for.
var ErrHelp = settings.ErrHelp

// Help writes all flags by group with the defaults of a run without flags.
func Help(w io.Writer) {
	c := Call{Config: Default(defaultPreset, defaultTask)}
	fmt.Fprintf(w, "Usage: go run ./cmd/train [-config file.toml] [flags]\n\nTrains a sequence model. Values: preset < config file < flag. Defaults in brackets.\n")
	c.table().Help(w)
}

// Parse makes a call of command line arguments. Values come from the preset, the file of -config and
// the flags, each over the one before; with -resume from the run's own file instead of the preset.
func Parse(args []string) (Call, error) {
	var scratch Call
	flags, rest, err := scratch.table().ParseFlags(args)
	if err != nil {
		return Call{}, err
	}
	if len(rest) > 0 {
		return Call{}, fmt.Errorf("unexpected argument %q: values follow their flag, as in -steps 100 (-h lists all)", rest[0])
	}
	call := Call{file: scratch.file, PrintConfig: scratch.PrintConfig}
	var file []settings.Pair
	if call.file != "" {
		if file, err = settings.ReadFile(call.file); err == nil {
			err = setAll(new(Config).Table(), file)
		}
		if err != nil {
			return Call{}, fmt.Errorf("config: %w", err)
		}
	}
	given := append(file, flags...)
	var saved Config
	if resume := last(given, "resume", ""); resume != "" {
		if saved, err = LoadConfig(resume); err != nil {
			return Call{}, fmt.Errorf("resume: %w", err)
		}
		call.Config = saved
	} else {
		call.Config = Default(last(given, "preset", defaultPreset), last(given, "task", defaultTask))
	}
	table := call.table()
	for _, p := range given {
		if err := table.Set(p); err != nil {
			return Call{}, fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	c := &call.Config
	if last(given, "batch", "") != "" && last(given, "micro-batch", "") == "" && c.Batch > 0 && c.MicroBatch > 0 && c.Batch%c.MicroBatch != 0 {
		c.MicroBatch = 0 // of the preset or the run, for its own batch
	}
	if c.Data != "" && c.Data != saved.Data {
		if c.Data, err = filepath.Abs(c.Data); err != nil {
			return Call{}, fmt.Errorf("data: %w", err)
		}
	}
	if c.Resume != "" {
		if err := c.checkChanges(saved, given); err != nil {
			return Call{}, err
		}
	}
	if err := c.checkFlags(flags); err != nil {
		return Call{}, err
	}
	if _, err := c.ModelConfig(max(c.Vocab, 1)); err != nil {
		return Call{}, err
	}
	if err := c.DataConfig().Validate(); err != nil {
		return Call{}, err
	}
	return call, c.Validate()
}

// last is the value that a list gives to a name last.
func last(pairs []settings.Pair, name, otherwise string) string {
	for _, p := range slices.Backward(pairs) {
		if p.Name == name {
			return p.Text
		}
	}
	return otherwise
}

// checkFlags refuses flags that another setting makes pointless.
func (c *Config) checkFlags(flags []settings.Pair) error {
	for _, r := range []struct {
		flag, needs string
		met         bool
	}{
		{"beta1-max", "-schedule one-cycle", c.Schedule == "one-cycle"},
		{"decay-ratio", "-schedule wsd", c.Schedule == "wsd"},
		{"min-lr", "a -schedule other than constant", c.Schedule != "constant"},
		{"max-nonfinite", "-on-nonfinite skip", c.OnNonfinite == "skip"},
		{"min-delta", "-patience", c.Patience > 0},
		{"eps", "an -optimizer other than lion", c.Optimizer != "lion"},
		{"sample", "-task text", c.Task == "text"},
	} {
		if !r.met && last(flags, r.flag, "") != "" {
			return fmt.Errorf("-%s only works with %s", r.flag, r.needs)
		}
	}
	return nil
}

// frozen settings decide what a checkpoint's arrays and positions mean: another value cannot go on
// from it.
var frozen = []string{
	"model", "preset", "d-emb", "layers", "heads", "d-head", "d-value", "taylor-terms",
	"positions", "context", "mlp", "d-mlp", "vocab", "dtype",
	"task", "data", "tokenizer", "seq", "delay", "symbols", "alphabet", "modulus", "valid-fraction",
	"seed", "optimizer", "overfit-batch",
}

// steering settings may change, but then the run is no longer what it would have been unbroken.
var steering = []string{
	"batch", "micro-batch", "lr", "min-lr", "lr-recurrent", "schedule", "warmup", "schedule-steps", "decay-ratio",
	"weight-decay", "beta1", "beta1-max", "beta2", "eps", "clip", "ema", "dropout", "on-nonfinite",
}

// checkChanges compares a resumed configuration with the saved one: frozen settings must be equal,
// changed steering settings are noted for the console.
func (c *Config) checkChanges(saved Config, given []settings.Pair) error {
	now, before := c.Table(), saved.Table()
	for _, p := range given {
		for _, d := range settings.Differences(only(before, p.Name), only(now, p.Name)) {
			was, is := d.Before, d.After
			if slices.Contains(frozen, p.Name) {
				return fmt.Errorf("resume: -%s is %s, but the run has %s: leave it out to go on, or start a new run without -resume", p.Name, is, was)
			}
			if slices.Contains(steering, p.Name) {
				c.notes = append(c.notes, fmt.Sprintf("%s changes from %s to %s: from here on the run differs from an unbroken one", p.Name, was, is))
			}
		}
	}
	if (c.EMA > 0) != (saved.EMA > 0) {
		return fmt.Errorf("resume: -ema is %g, but the run has %g: an average can be neither begun nor dropped on the way", c.EMA, saved.EMA)
	}
	return nil
}

// only is the part of a table that holds one setting.
func only(t settings.Table, name string) settings.Table {
	i := slices.IndexFunc(t, func(s settings.Setting) bool { return s.Name == name })
	if i < 0 {
		return nil // a setting of the call, not of the configuration
	}
	return t[i : i+1]
}

// RunFolder finds the run folder of a path: the folder itself, or the one around a checkpoint.
func RunFolder(path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return "", fmt.Errorf("%s: %w", path, err)
	}
	candidates := []string{path, filepath.Dir(filepath.Dir(filepath.Clean(path)))}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		candidates = append(candidates, filepath.Dir(filepath.Dir(real)), filepath.Dir(real))
	}
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, ConfigFile)); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s is no run folder and no checkpoint in one: %s is missing", path, ConfigFile)
}

// NewestRun is the run folder under runs/ that was begun or resumed last: what is meant where no other
// is named.
func NewestRun() (string, error) {
	configs, err := filepath.Glob(filepath.Join(runsDir, "*", ConfigFile))
	if err != nil {
		return "", err
	}
	newest, at := "", time.Time{}
	for _, path := range configs {
		if info, err := os.Stat(path); err == nil && (newest == "" || info.ModTime().After(at)) {
			newest, at = filepath.Dir(path), info.ModTime()
		}
	}
	if newest == "" {
		return "", fmt.Errorf("no run in the folder %s: train one with go run ./cmd/train, or name a run's folder", runsDir)
	}
	return newest, nil
}

// LoadConfig reads the configuration of the run that a run folder or checkpoint folder belongs to.
func LoadConfig(path string) (Config, error) {
	dir, err := RunFolder(path)
	if err != nil {
		return Config{}, err
	}
	c := base()
	pairs, err := settings.ReadFile(filepath.Join(dir, ConfigFile))
	if err == nil {
		err = setAll(c.Table(), pairs)
	}
	return c, err
}

func setAll(table settings.Table, pairs []settings.Pair) error {
	for _, p := range pairs {
		if err := table.Set(p); err != nil {
			return err
		}
	}
	return nil
}
