package huggingface

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"

	"goomtrain/checkpoints"
	"goomtrain/data/tokenizer"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train"
)

// Exported is what Export has written.
type Exported struct {
	Config    models.Config
	Weights   int    // in number
	Type      string // model_type in config.json
	Class     string // the class of architectures in config.json
	Tokenizer bool   // there is a tokenizer.json or tokenizer.model
	Notes     []string
}

// Export writes the model at a path, as models.Find takes it, to the folder out, which must not exist. Weights of more
// than shardSize bytes are divided. If the run kept an average of its weights, that is what is written. If Export
// returns an error, there is no folder.
func Export(from, out string, shardSize int64) (Exported, error) {
	if err := absent(out); err != nil {
		return Exported{}, err
	}
	saved, err := models.Find(from)
	if err != nil {
		return Exported{}, err
	}
	if saved.Setting("dtype") == "float64" {
		return export[float64](saved, from, out, shardSize)
	}
	return export[float32](saved, from, out, shardSize)
}

func export[F params.Float](saved models.Saved, from, out string, shardSize int64) (done Exported, err error) {
	model, err := models.Load[F](saved, true)
	if err != nil {
		return done, err
	}
	done = Exported{Config: model.Config(), Weights: params.Count(model.Params()), Notes: saved.Weights.Notes}
	var config map[string]any
	var arrays []params.Array
	if gpt2, ok := gpt2Of(done.Config); ok {
		arrays = gpt2Weights(model, pairs(done.Config.Sizes.(*models.SoftmaxAttention)))
		if config, err = object(gpt2); err != nil {
			return done, err
		}
	} else {
		arrays = params.Weights(model.Params())
		config = configOf(done.Config, arrays)
	}
	done.Type, done.Class = config["model_type"].(string), config["architectures"].([]any)[0].(string)
	config["torch_dtype"] = fmt.Sprintf("%T", F(0))
	kept, err := tokenizerFile(saved)
	if err != nil {
		return done, err
	}
	name, text, tok := tokenizerName, []byte(nil), tokenizer.Tokenizer(nil)
	if kept != nil {
		name, text, tok = kept.CopyName(), kept.Content, kept
	} else if text, tok, err = describe(saved.Setting("tokenizer")); err != nil {
		return done, err
	}
	if tok != nil {
		config["bos_token_id"], config["eos_token_id"] = tok.Separator(), tok.Separator()
	}
	done.Tokenizer = text != nil
	run, err := withoutOrigin(saved)
	if err != nil {
		return done, err
	}
	return done, writeFolder(out, func(dir string) error {
		if err := checkpoints.WriteWeights(dir, arrays, shardSize); err != nil {
			return err
		}
		if text != nil {
			if err := writeFile(filepath.Join(dir, name), text); err != nil {
				return err
			}
		}
		if done.Type != gpt2Type {
			if err := writeFile(filepath.Join(dir, checkpoints.ConfigFile), []byte(run.Settings().TOML())); err != nil {
				return err
			}
		}
		var encoded bytes.Buffer
		encoder := json.NewEncoder(&encoded)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(config); err != nil {
			return err
		}
		return writeFile(filepath.Join(dir, configName), encoded.Bytes())
	})
}

// object returns a value as the JSON object that it is written as.
func object(v any) (out map[string]any, err error) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	return out, err
}

// tokenizerFile returns the tokenizer of a model if it is one of a file, that which the run or the folder of the weights
// keeps; nil if it is none.
func tokenizerFile(saved models.Saved) (*tokenizer.File, error) {
	name := saved.Setting("tokenizer")
	if !tokenizer.IsPath(name) {
		return nil, nil
	}
	tok, err := tokenizer.Open(name, saved.Setting("tokenizer-sha256"))
	if err != nil {
		return nil, err
	}
	return tok.(*tokenizer.File), nil
}

// withoutOrigin returns the settings of a run for its weights alone: the averages, if it kept any, are the weights now,
// and where they began is of no concern.
func withoutOrigin(saved models.Saved) (train.Config, error) {
	cfg, err := train.ConfigOf(saved.Settings)
	cfg.EMA, cfg.Init, cfg.InitSHA256, cfg.Freeze = 0, "", "", ""
	return cfg, err
}
