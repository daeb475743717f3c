package huggingface

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"goomtrain/checkpoints"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/atomicfile"
	"goomtrain/internal/regular"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train"
)

// ImportOptions are choices of Import. An empty one is made from the files.
type ImportOptions struct {
	DType     string // float32 or float64; "": that of the weights, and float32 for weights of 16 bits
	Tokenizer string // "": that of the folder's tokenizer.json or vocab.json
}

// Imported is what Import has read.
type Imported struct {
	Config     models.Config
	Weights    int // in number
	DType      string
	Tokenizer  string // "": the model does not read text
	Context    int    // longest sequence of the model; 0: there is no limit
	Seq        string // length of the sequences of the run, as for -seq
	Checkpoint string // the folder that holds the weights
}

// Import makes the run folder out, which must not exist, of a folder of GPT-2, or of one that Export wrote. The run is
// at step 0 and has no state of an optimizer: a training starts from it (-init), and does not resume it. Floats are
// widened exactly; narrowing them is an error. If Import returns an error, there is no run folder.
func Import(folder, out string, o ImportOptions) (done Imported, err error) {
	if err := absent(out); err != nil {
		return done, err
	}
	if info, err := os.Stat(folder); err != nil {
		return done, err
	} else if !info.IsDir() {
		return done, fmt.Errorf("%s is not a folder: name the folder that holds its %s", folder, configName)
	}
	kind, err := modelType(folder)
	if err != nil {
		return done, err
	}
	weights := checkpoints.WeightsIn(folder)
	if weights == "" {
		remedy := "download it"
		if regular.Exists(filepath.Join(folder, "pytorch_model.bin")) {
			remedy = "pytorch_model.bin is not read, because it is a program that could do anything: save the model with safe_serialization=True"
		}
		return done, fmt.Errorf("%s has neither model.safetensors nor an index of shards: %s", folder, remedy)
	}
	file, err := checkpoints.OpenTensors(weights)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if o.DType, err = elementType(file, weights, o.DType); err != nil {
		return done, err
	}
	switch {
	case kind == gpt2Type && o.DType == "float64":
		return importGPT2[float64](folder, out, file, weights, o)
	case kind == gpt2Type:
		return importGPT2[float32](folder, out, file, weights, o)
	case !regular.Exists(filepath.Join(folder, checkpoints.ConfigFile)):
		return done, fmt.Errorf("%s: model_type %q: only gpt2 is imported, and folders with a %s, as cmd/convert writes them", filepath.Join(folder, configName), kind, checkpoints.ConfigFile)
	case o.DType == "float64":
		return importOwn[float64](folder, out, o)
	}
	return importOwn[float32](folder, out, o)
}

// elementType returns the type to compute in, given that asked for.
func elementType(file *checkpoints.TensorFile, path, asked string) (string, error) {
	widest := "float32"
	for _, name := range file.Names() {
		if info, _ := file.Info(name); info.DType == checkpoints.F64 {
			if widest = "float64"; asked == "float32" {
				return "", fmt.Errorf("-dtype float32: tensor %q of %s is stored as F64: weights are not rounded: give -dtype float64", name, path)
			}
		}
	}
	if asked == "" {
		return widest, nil
	}
	return asked, nil
}

// importGPT2 imports GPT-2's names and layouts.
func importGPT2[F params.Float](folder, out string, file *checkpoints.TensorFile, path string, o ImportOptions) (done Imported, err error) {
	config, err := readGPT2(folder)
	if err != nil {
		return done, err
	}
	sizes := config.Sizes.(*models.SoftmaxAttention)
	all := pairs(sizes)
	prefix, err := matchGPT2(file, path, all)
	if err != nil {
		return done, err
	}
	if o.Tokenizer == "" {
		if o.Tokenizer, err = recognize(folder); err != nil {
			return done, err
		}
	}
	tok, err := tokenizer.Open(o.Tokenizer, "")
	if err != nil {
		return done, err
	}
	if tok.Vocab() > sizes.Vocab {
		return done, fmt.Errorf("-tokenizer %s has %d tokens, but the model only %d: give the tokenizer that it was trained with", o.Tokenizer, tok.Vocab(), sizes.Vocab)
	}
	arrays, err := readGPT2Weights[F](file, path, prefix, all)
	if err != nil {
		return done, err
	}
	cfg, err := train.New(train.Selection{Model: config.Model, Optimizer: "adamw"}) // as it was trained
	if err != nil {
		return done, err
	}
	cfg.Model, cfg.DType = config, o.DType
	// A run of text has the default length, unless the model's is smaller.
	values := map[string]string{"tokenizer": o.Tokenizer, "seq": strconv.Itoa(min(256, sizes.Context))}
	kept, _ := tok.(*tokenizer.File)
	if kept != nil {
		if values["tokenizer"], err = filepath.Abs(o.Tokenizer); err != nil {
			return done, err
		}
		values["tokenizer-sha256"] = kept.SHA256
	}
	for name, text := range values {
		if err := cfg.Set(name, text); err != nil {
			return done, err
		}
	}
	return save(folder, out, cfg, arrays, kept)
}

// importOwn imports a folder with config.toml, whose names are those of the model.
func importOwn[F params.Float](folder, out string, o ImportOptions) (done Imported, err error) {
	saved, err := models.Find(folder)
	if err != nil {
		return done, err
	}
	cfg, err := withoutOrigin(saved)
	if err != nil {
		return done, err
	}
	if was := saved.Setting("tokenizer"); o.Tokenizer != "" && o.Tokenizer != was {
		return done, fmt.Errorf("-tokenizer %s contradicts %s of %s, which has %q: leave it out", o.Tokenizer, checkpoints.ConfigFile, folder, was)
	}
	model, err := models.Load[F](saved, false)
	if err != nil {
		return done, err
	}
	for _, p := range model.Params() {
		if err := finite(saved.Weights.ModelPath(), p.Name, p.Value); err != nil {
			return done, err
		}
	}
	cfg.DType = o.DType
	kept, err := tokenizerFile(saved)
	if err != nil {
		return done, err
	}
	return save(folder, out, cfg, params.Weights(model.Params()), kept)
}

// save writes the run folder under a temporary name and renames it when it is complete. tok is the tokenizer that the folder
// and the checkpoint keep, nil if it is not one of a file.
func save(folder, out string, cfg train.Config, arrays []params.Array, tok *tokenizer.File) (done Imported, err error) {
	if err := cfg.Validate(); err != nil {
		return done, fmt.Errorf("%s: %w", folder, err)
	}
	text := cfg.Settings().TOML()
	err = writeFolder(out, func(dir string) error {
		state, options := checkpoints.State{DType: cfg.DType, Config: text}, checkpoints.SaveOptions{}
		if tok != nil {
			options.Files = []checkpoints.File{{Name: tok.CopyName(), Content: tok.Content}}
			if err := tok.Save(dir); err != nil {
				return err
			}
		}
		if _, err := checkpoints.Save(dir, state, arrays, nil, options); err != nil {
			return err
		}
		return writeFile(filepath.Join(dir, checkpoints.ConfigFile), []byte(text))
	})
	if err != nil {
		return done, err
	}
	done = Imported{Config: cfg.Model, DType: cfg.DType, Checkpoint: checkpoints.StepDir(out, 0)}
	for name, to := range map[string]*string{"tokenizer": &done.Tokenizer, "seq": &done.Seq} {
		if s, ok := cfg.Data.Settings().Find(name); ok {
			*to = s.Text()
		}
	}
	if c, ok := cfg.Model.Settings().Find("context"); ok {
		done.Context = *c.Value.(*int)
	}
	for _, a := range arrays {
		done.Weights += params.Size(a.Shape)
	}
	return done, nil
}

// absent returns an error if there is something at the path.
func absent(out string) error {
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s already exists: give -out another folder", out)
	}
	return nil
}

// writeFolder makes a folder complete or not at all: fill writes it under a temporary name beside its own.
func writeFolder(out string, fill func(dir string) error) error {
	out = filepath.Clean(out)
	parent := filepath.Dir(out)
	if err := atomicfile.MkdirAll(parent); err != nil {
		return err
	}
	temp := filepath.Join(parent, atomicfile.TempPrefix+filepath.Base(out)+"-"+strconv.FormatUint(uint64(rand.Uint32()), 36))
	if err := os.Mkdir(temp, 0o777); err != nil {
		return err
	}
	err := fill(temp)
	if err == nil {
		err = atomicfile.SyncDir(temp)
	}
	if err == nil {
		err = os.Rename(temp, out)
	}
	if err != nil {
		os.RemoveAll(temp)
		return err
	}
	return atomicfile.SyncDir(parent)
}

// writeFile creates a file of a folder that is not complete yet.
func writeFile(path string, text []byte) error {
	return atomicfile.WriteNew(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
