package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"goomtrain/checkpoints"
	"goomtrain/internal/simd"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/settings"
	"goomtrain/train/optim"
)

// FindWeights finds the weights of a path, as checkpoints.LoadWeights does, and the configuration
// that they were trained with: in config.toml beside the file, in the checkpoint's state, or in the
// run folder around it.
func FindWeights(path string) (*checkpoints.Checkpoint, Config, error) {
	weights, err := checkpoints.LoadWeights(path)
	if err != nil {
		return nil, Config{}, err
	}
	cfg := base()
	beside := filepath.Join(filepath.Dir(weights.ModelPath()), ConfigFile)
	if _, err := os.Stat(beside); err == nil {
		pairs, err := settings.ReadFile(beside)
		if err == nil {
			err = setAll(cfg.Table(), pairs)
		}
		return weights, cfg, err
	}
	if weights.HasState {
		var more extra
		if err := json.Unmarshal(weights.State.Extra, &more); err == nil && more.Config != "" {
			pairs, err := settings.ReadTOML(weights.Dir, more.Config)
			if err == nil {
				err = setAll(cfg.Table(), pairs)
			}
			if err != nil {
				return nil, cfg, fmt.Errorf("its configuration: %w", err)
			}
			return weights, cfg, nil
		}
	}
	if cfg, err = LoadConfig(path); err != nil {
		return nil, cfg, fmt.Errorf("%s has no configuration: put the run's %s beside it", weights.ModelPath(), ConfigFile)
	}
	return weights, cfg, nil
}

// LoadModel builds the model of a configuration and reads its weights: with average, and if the run
// kept an average of them (-ema), the averaged ones.
func LoadModel[F simd.Float](weights *checkpoints.Checkpoint, cfg Config, average bool) (*models.Model[F], error) {
	if cfg.Vocab == 0 {
		return nil, errors.New("the configuration does not say -vocab: it is not that of a run")
	}
	sizes, err := cfg.ModelConfig(cfg.Vocab)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(weights.ModelPath()); err == nil && !sizes.FitsFile(info.Size()) {
		return nil, fmt.Errorf("%s holds %d bytes, too few for the sizes in %s: the two are not of one run", weights.ModelPath(), info.Size(), ConfigFile)
	}
	model, err := models.New[F](sizes, cfg.Seed)
	if err != nil {
		return nil, err
	}
	if err := weights.ReadModel(params.Values(model.Params())); err != nil {
		return nil, err
	}
	if !average || cfg.EMA == 0 {
		return model, nil
	}
	file, err := checkpoints.OpenTensors(weights.OptimizerPath())
	if err != nil {
		return nil, fmt.Errorf("the averaged weights: %w (-ema=false takes the last ones)", err)
	}
	defer file.Close()
	for _, p := range model.Params() {
		if err := file.ReadInto(optim.EMAPrefix+p.Name, p.Value); err != nil {
			return nil, err
		}
	}
	return model, nil
}
