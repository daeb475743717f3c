package data

import (
	"fmt"
	"slices"

	"goomtrain/data/tasks"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/nearest"
)

const (
	taskText        = "text"
	taskImages      = "images"
	taskImagePixels = "image-pixels"

	defaultTextLen       = 256
	defaultValidFraction = 0.05
	maxSeqLen            = 1 << 24
)

// Config says what to train on. The zero of every field stands for the task's default.
type Config struct {
	Task      string `toml:"task" json:"task"`
	Data      string `toml:"data" json:"data"`           // text: file, folder or glob ("": the sources of the Go standard library); images: IDX folder
	Tokenizer string `toml:"tokenizer" json:"tokenizer"` // text: byte, or another that is linked into the program
	SeqLen    int    `toml:"seq" json:"seq"`             // positions of a training sequence (images: as many as pixels, so leave it 0)

	Delay    int `toml:"delay" json:"delay"`       // copy: from the last symbol shown to the delimiter
	Symbols  int `toml:"symbols" json:"symbols"`   // copy, selective-copy: symbols to remember; recall: pairs
	Alphabet int `toml:"alphabet" json:"alphabet"` // copy, selective-copy: different symbols; recall: keys, and as many values
	Modulus  int `toml:"modulus" json:"modulus"`   // modular

	ValidFraction float64 `toml:"valid_fraction" json:"valid_fraction"` // text: share of the files (of a single file: of its tokens) held out
	CacheDir      string  `toml:"cache_dir" json:"cache_dir"`           // text: folder for tokens; "off": none
}

// DefaultConfig is byte-level text, the sources of the Go standard library.
func DefaultConfig() Config { return Config{Task: taskText, Tokenizer: "byte"} }

// Tasks lists what Config.Task can be.
func Tasks() []string {
	return append(append([]string{taskText}, tasks.Names()...), taskImages, taskImagePixels)
}

// Describe says in one line what a task asks for, its vocabulary and its chance level, with the default
// settings; it is "" for an unknown task.
func Describe(task string) string {
	switch task {
	case taskText:
		return "next token of a text corpus; vocabulary of the tokenizer"
	case taskImages:
		return "class of an image after its last pixel; vocabulary 256 grey values + classes, chance 1/classes"
	case taskImagePixels:
		return "next pixel of an image; vocabulary 257"
	default:
		return tasks.About(task)
	}
}

// Validate returns an error that names the first setting that breaks a rule, and the rule. It reads no
// files.
func (c Config) Validate() error {
	if !slices.Contains(Tasks(), c.Task) {
		return fmt.Errorf("unknown task %q%s", c.Task, nearest.Hint(c.Task, Tasks()))
	}
	if c.SeqLen < 0 || c.SeqLen > maxSeqLen {
		return fmt.Errorf("seq must be from 1 to %d, got %d", maxSeqLen, c.SeqLen)
	}
	if c.Task == taskText {
		if err := tokenizer.Check(c.tokenizer()); err != nil {
			return err
		}
		if !(c.ValidFraction >= 0 && c.ValidFraction <= 0.9) { // so written, it refuses NaN
			return fmt.Errorf("valid_fraction must be from 0 to 0.9, got %g", c.ValidFraction)
		}
	} else {
		if c.Tokenizer != "" && c.Tokenizer != "byte" {
			return fmt.Errorf("tokenizer %q is for task text, but the task is %s: leave it out", c.Tokenizer, c.Task)
		}
		if c.ValidFraction != 0 {
			return fmt.Errorf("valid_fraction %g is for task text, but the task is %s: leave it out", c.ValidFraction, c.Task)
		}
	}
	if tasks.Is(c.Task) {
		if c.Data != "" {
			return fmt.Errorf("task %s generates its data, but data is %q: leave it out, or name another task", c.Task, c.Data)
		}
		_, err := tasks.New(c.Task, c.settings())
		return err
	}
	for _, s := range []struct {
		name  string
		value int
	}{{"delay", c.Delay}, {"symbols", c.Symbols}, {"alphabet", c.Alphabet}, {"modulus", c.Modulus}} {
		if s.value != 0 {
			return fmt.Errorf("task %s has no %s, but it is set to %d: leave it out", c.Task, s.name, s.value)
		}
	}
	if c.Task != taskText && c.Data == "" {
		return fmt.Errorf("task %s needs data: the folder with the four IDX files (train-images-idx3-ubyte, ...)", c.Task)
	}
	return nil
}

func (c Config) settings() tasks.Settings {
	return tasks.Settings{SeqLen: c.SeqLen, Delay: c.Delay, Symbols: c.Symbols, Alphabet: c.Alphabet, Modulus: c.Modulus}
}

func (c Config) tokenizer() string {
	if c.Tokenizer == "" {
		return "byte"
	}
	return c.Tokenizer
}
