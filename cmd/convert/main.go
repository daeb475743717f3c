package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"goomtrain/checkpoints"
	"goomtrain/huggingface"
	"goomtrain/internal/printable"
	"goomtrain/internal/regular"
	"goomtrain/settings"

	_ "goomtrain/data/gpt2" // GPT-2's tokenizer
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the command's flags.
type options struct {
	from, out        string
	dtype, tokenizer string
	shard            string
}

func (o *options) table() settings.Table {
	const both, in, out = "Both directions", "Import", "Export"
	return settings.Table{
		{Name: "from", Group: both, Help: "Hugging Face folder to import; or run folder, checkpoint folder or .safetensors file with its config.toml to export", Value: &o.from},
		{Name: "out", Group: both, Help: "folder to write, which must not exist", Value: &o.out},
		{Name: "dtype", Group: in, Help: "element type of the imported weights", Value: &o.dtype, Rule: settings.OneOf("float32", "float64"), Zero: "that of the weights, float32 for 16 bits"},
		{Name: "tokenizer", Group: in, Help: "tokenizer of the imported model", Value: &o.tokenizer, Zero: "that of the folder's tokenizer.json or vocab.json"},
		{Name: "shard-size", Group: out, Help: "largest size of a file of weights, in KB, MB or GB", Value: &o.shard},
	}
}

// run runs the command and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	o := options{shard: "5GB"}
	given, rest, err := o.table().ParseFlags(args)
	if errors.Is(err, settings.ErrHelp) {
		fmt.Fprint(stdout, "Usage: go run ./cmd/convert -from PATH -out FOLDER [flags]\n\nImports a Hugging Face folder as a run, or exports a run as such a folder. Defaults in brackets.\n")
		o.table().Help(stdout)
		return 0
	}
	var limit int64
	if err == nil {
		limit, err = o.check(given, rest)
	}
	if err != nil {
		fmt.Fprintln(stderr, "convert:", printable.Line(err.Error()))
		return 2
	}
	if o.imports() {
		err = o.importFolder(stdout)
	} else {
		err = o.export(stdout, stderr, limit)
	}
	if err != nil {
		fmt.Fprintln(stderr, "convert:", printable.Line(err.Error()))
		return 1
	}
	return 0
}

// check returns the size of -shard-size, or an error for flags that are wrong or of the other direction.
func (o *options) check(given []settings.Pair, rest []string) (limit int64, err error) {
	switch {
	case len(rest) > 0:
		return 0, fmt.Errorf("unexpected argument %q: give the paths with -from and -out", rest[0])
	case o.from == "" || o.out == "":
		return 0, errors.New("give both -from and -out")
	}
	if err := o.table().Validate(); err != nil {
		return 0, err
	}
	if _, err := os.Stat(o.from); err != nil {
		given = nil // there is no direction to contradict; reading the path says what is wrong with it
	}
	for _, p := range given {
		switch s, _ := o.table().Find(p.Name); {
		case s.Group == "Import" && !o.imports():
			return 0, fmt.Errorf("-%s: only an import has it, but %s has no config.json: leave it out", p.Name, o.from)
		case s.Group == "Export" && o.imports():
			return 0, fmt.Errorf("-%s: only an export has it, but %s has a config.json, which is imported: leave it out", p.Name, o.from)
		}
	}
	return bytesOf(o.shard)
}

// imports reports whether -from is a Hugging Face folder. A folder with weights and no configuration at all is taken for
// one too, so that the error says what it lacks.
func (o *options) imports() bool {
	return regular.Exists(filepath.Join(o.from, "config.json")) ||
		checkpoints.WeightsIn(o.from) != "" && !regular.Exists(filepath.Join(o.from, checkpoints.ConfigFile)) && !regular.Exists(filepath.Join(o.from, "state.json"))
}

func (o *options) importFolder(stdout io.Writer) error {
	done, err := huggingface.Import(o.from, o.out, huggingface.ImportOptions{DType: o.dtype, Tokenizer: o.tokenizer})
	if err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintln(stdout, printable.Line(fmt.Sprintf(format, args...))) }
	say("imported %s: %s of %d weights, %s", o.from, done.Config.Model, done.Weights, done.DType)
	say("checkpoint  %s", done.Checkpoint)
	if done.Tokenizer != "" {
		say("generate    go run ./cmd/generate -from %s", o.out)
	}
	if done.Context > 0 { // a table of positions may be shorter than the default
		say("train       go run ./cmd/train -init %s -seq %s", o.out, done.Seq)
	} else {
		say("train       go run ./cmd/train -init %s", o.out)
	}
	return nil
}

func (o *options) export(stdout, stderr io.Writer, limit int64) error {
	done, err := huggingface.Export(o.from, o.out, limit)
	if err != nil {
		return err
	}
	for _, note := range done.Notes {
		fmt.Fprintln(stderr, "note:", printable.Line(note))
	}
	fmt.Fprintln(stdout, printable.Line(fmt.Sprintf("exported %s: %s of %d weights as %s to %s", o.from, done.Config.Model, done.Weights, done.Class, o.out)))
	if !done.Tokenizer {
		fmt.Fprintln(stdout, "no tokenizer.json: the model does not read text, or its tokenizer has no such form")
	}
	return nil
}
