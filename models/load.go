package models

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"goomtrain/checkpoints"
	"goomtrain/internal/regular"
	"goomtrain/params"
	"goomtrain/settings"
)

// Saved is a trained model on disk: its weights and the settings that it was trained with.
type Saved struct {
	Weights  *checkpoints.Checkpoint
	Settings []settings.Pair // of the run; see Setting
	Config   Config
}

// Find finds the model at a path: a run folder, a checkpoint folder, or a .safetensors file, as for
// checkpoints.LoadWeights. It reads the settings from config.toml next to the weights, from the state of the
// checkpoint, or from the run folder around it.
func Find(path string) (Saved, error) {
	s, err := FindWeights(path)
	if err != nil {
		return Saved{}, err
	}
	if s.Settings == nil {
		remedy := "put the run's " + checkpoints.ConfigFile + " next to it"
		if _, err := os.Stat(filepath.Join(s.Weights.Dir, "config.json")); err == nil {
			remedy = "import the folder with go run ./cmd/convert -from " + s.Weights.Dir + " -out RUN"
		}
		return Saved{}, fmt.Errorf("%s has no configuration of this program: %s", s.Weights.ModelPath(), remedy)
	}
	s.Config, err = ConfigOf(s.Settings)
	return s, err
}

// FindRun is Find for a command: an empty path means the newest run in checkpoints.RunsDir. It also returns the path
// that it has used, and calls note with each line to tell the user: which run is the newest, and which damaged
// checkpoints were passed over.
func FindRun(path string, note func(text string)) (saved Saved, used string, err error) {
	if path == "" {
		if path, err = checkpoints.NewestRun(); err != nil {
			return Saved{}, "", err
		}
		note("using the newest run, " + path)
	}
	if saved, err = Find(path); err != nil {
		return Saved{}, "", err
	}
	for _, text := range saved.Weights.Notes {
		note(text)
	}
	return saved, path, nil
}

// FindWeights is Find for weights whose model need not be registered and whose settings need not be there: it leaves
// Config empty.
func FindWeights(path string) (Saved, error) {
	weights, err := checkpoints.LoadWeights(path)
	if err != nil {
		return Saved{}, err
	}
	s := Saved{Weights: weights}
	s.Settings, err = settingsOf(weights, path)
	s.useTokenizerCopy(path)
	return s, err
}

// useTokenizerCopy makes the setting of a tokenizer that is a file the path of its copy: that beside the weights or, if
// there is none, that in the run folder. Without a copy it stays the path of the file that the run began with.
func (s Saved) useTokenizerCopy(path string) {
	if s.Setting("tokenizer-sha256") == "" {
		return // it is not a file
	}
	folders := []string{filepath.Dir(s.Weights.ModelPath())}
	if dir, err := checkpoints.RunFolder(path); err == nil {
		folders = append(folders, dir)
	}
	for i, p := range s.Settings {
		for _, dir := range folders {
			own := filepath.Join(dir, "tokenizer"+strings.ToLower(filepath.Ext(p.Text)))
			if p.Name == "tokenizer" && regular.Exists(own) {
				s.Settings[i].Text = own
				break
			}
		}
	}
}

// settingsOf reads the settings of the run that wrote the weights found at path; nil: there are none.
func settingsOf(weights *checkpoints.Checkpoint, path string) ([]settings.Pair, error) {
	beside := filepath.Join(filepath.Dir(weights.ModelPath()), checkpoints.ConfigFile)
	if _, err := os.Stat(beside); err == nil {
		return settings.ReadFile(beside)
	}
	if weights.State.Config != "" {
		return settings.ReadTOML(weights.Dir, weights.State.Config)
	}
	dir, err := checkpoints.RunFolder(path)
	if err != nil {
		return nil, nil
	}
	return settings.ReadFile(filepath.Join(dir, checkpoints.ConfigFile))
}

// ConfigOf returns the model's part of a run's settings. It ignores the others.
func ConfigOf(run []settings.Pair) (Config, error) {
	model, _ := settings.Last(run, "model")
	preset, _ := settings.Last(run, "preset")
	c, err := NewConfig(model, preset)
	if err != nil {
		return Config{}, fmt.Errorf("%w; if another module registers it, use the program of that module", err)
	}
	table := c.Settings()
	for _, p := range run {
		if _, ok := table.Find(p.Name); ok {
			if err := table.Set(p); err != nil {
				return Config{}, err
			}
		}
	}
	return c, nil
}

// Setting returns the value of a setting of the run as text, "" if it is not set.
func (s Saved) Setting(name string) string {
	text, _ := settings.Last(s.Settings, name)
	return text
}

// Load builds the model and reads its weights. If average is set, it reads the average of the weights where the
// run kept one (-ema).
func Load[F params.Float](s Saved, average bool) (*Model[F], error) {
	path := s.Weights.ModelPath()
	if common := s.Config.Common(); common == nil || common.Vocab == 0 {
		return nil, fmt.Errorf("the configuration of %s has no vocab: it is not that of a run", path)
	}
	if bytes, err := s.Weights.ModelBytes(); err == nil && !s.Config.FitsFile(bytes) {
		return nil, fmt.Errorf("%s has %d bytes, too few for the sizes in %s: the files are not of the same run", path, bytes, checkpoints.ConfigFile)
	}
	model, err := New[F](s.Config, 0)
	if err != nil {
		return nil, err
	}
	if err := s.Weights.ReadModel(params.Weights(model.Params()), model.skipped...); err != nil {
		return nil, err
	}
	if !average || !s.Averaged() {
		return model, nil
	}
	if err := s.Weights.ReadAverage(params.Values(model.Params())); err != nil {
		return nil, fmt.Errorf("the averaged weights: %w (-ema=false uses the last ones)", err)
	}
	return model, nil
}
