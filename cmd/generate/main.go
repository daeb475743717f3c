package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"goomtrain/data"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
	"goomtrain/internal/simd"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/sampling"
	"goomtrain/settings"

	_ "goomtrain/data/gpt2" // runs trained with -tokenizer gpt2

	"golang.org/x/term"
)

func main() {
	out := &textWriter{out: os.Stdout, terminal: term.IsTerminal(int(os.Stdout.Fd()))}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, cancel) // a second interrupt ends the process
	os.Exit(run(ctx, os.Args[1:], out, os.Stdout, os.Stderr))
}

// options are the command's flags.
type options struct {
	from, prompt, promptFile string
	prompts                  string // file
	n, streams               int
	stop, json               bool
	sampling                 sampling.Config
	seed                     uint64
	average                  bool
	saveState, loadState     string
	png                      string // file
	width                    int    // of an image
	threads                  int
	seeded, prompted         bool
}

func (o *options) table() settings.Table {
	const text, images, draw, state = "Text", "Images", "Drawing", "State and machine"
	return settings.Table{
		{Name: "from", Group: text, Help: "run folder, checkpoint folder, or .safetensors file with its config.toml next to it", Value: &o.from, Zero: "the newest run in runs/"},
		{Name: "prompt", Group: text, Help: "text to continue", Value: &o.prompt, Zero: "the beginning of a document"},
		{Name: "prompt-file", Group: text, Help: "file with the prompt; - for standard input", Value: &o.promptFile},
		{Name: "prompts", Group: text, Help: "file with a prompt on each line, each of which is continued", Value: &o.prompts},
		{Name: "n", Group: text, Help: "tokens to generate", Value: &o.n, Rule: settings.AtLeast(0)},
		{Name: "streams", Group: text, Help: "continuations of each prompt, generated together and printed at the end", Value: &o.streams, Rule: settings.Between(1, models.MaxStreams)},
		{Name: "stop", Group: text, Help: "end a text where the model begins a new document", Value: &o.stop},
		{Name: "json", Group: text, Help: "print each text as a JSON object on a line", Value: &o.json},
		{Name: "png", Group: images, Help: "file for a picture of images, as many as -streams, drawn by a model of the task image-pixels", Value: &o.png},
		{Name: "width", Group: images, Help: "pixels of a row of an image", Value: &o.width, Rule: settings.AtLeast(0), Zero: "images are squares"},
		{Name: "temperature", Group: draw, Help: "logits are divided by it; 0: always the most likely token", Value: &o.sampling.Temperature},
		{Name: "top-k", Group: draw, Help: "draw from the k most likely tokens; 0: all", Value: &o.sampling.TopK},
		{Name: "top-p", Group: draw, Help: "draw from the smallest set of tokens with total probability p", Value: &o.sampling.TopP},
		{Name: "seed", Group: draw, Help: "seed of the random numbers", Value: &o.seed},
		{Name: "ema", Group: draw, Help: "use the averaged weights if the run kept them", Value: &o.average},
		{Name: "save-state", Group: state, Help: "file in which to save the state after the text", Value: &o.saveState},
		{Name: "load-state", Group: state, Help: "file of a saved state to continue from", Value: &o.loadState},
		{Name: "threads", Group: state, Help: "threads", Value: &o.threads, Rule: settings.Threads(), Zero: "all cores"},
	}
}

func defaults() options {
	return options{n: 200, streams: 1, sampling: sampling.Config{Temperature: 0.8, TopP: 1}, seed: 1, average: true}
}

// parse parses command line arguments.
func parse(args []string) (options, error) {
	o := defaults()
	given, rest, err := o.table().ParseFlags(args)
	if err != nil {
		return o, err
	}
	ofText := "" // a given flag that only text has
	for _, p := range given {
		o.seeded = o.seeded || p.Name == "seed"
		o.prompted = o.prompted || p.Name == "prompt" || p.Name == "prompt-file"
		if slices.Contains([]string{"prompt", "prompt-file", "prompts", "n", "stop", "json", "save-state", "load-state"}, p.Name) {
			ofText = p.Name
		}
	}
	switch {
	case o.png != "" && ofText != "":
		return o, fmt.Errorf("-%s is for text: leave it out with -png", ofText)
	case o.png == "" && o.width != 0:
		return o, errors.New("-width only works with -png")
	case len(rest) > 0:
		return o, fmt.Errorf("unexpected argument %q: a prompt of several words needs quotes", rest[0])
	case o.prompt != "" && o.promptFile != "":
		return o, errors.New("-prompt contradicts -prompt-file: give one")
	case o.prompts != "" && (o.prompt != "" || o.promptFile != ""):
		return o, errors.New("-prompts contradicts -prompt and -prompt-file: give one")
	case o.several() && (o.saveState != "" || o.loadState != ""):
		return o, errors.New("-save-state and -load-state are for a single text: leave out -streams, -prompts and -json")
	case o.stop && o.saveState != "":
		return o, errors.New("-save-state saves the state after -n tokens: leave out -stop")
	}
	if err := o.table().Validate(); err != nil {
		return o, err
	}
	return o, o.sampling.Validate()
}

// several reports whether the texts are generated together and printed at the end.
func (o options) several() bool { return o.streams > 1 || o.prompts != "" || o.json }

// interrupted is the exit code after an interrupt.
const interrupted = 130

// run runs the command and returns the exit code. Text goes to text, help to stdout.
func run(ctx context.Context, args []string, text *textWriter, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, settings.ErrHelp) {
		o := defaults()
		fmt.Fprintf(stdout, "Usage: go run ./cmd/generate [-from RUN] [flags]\n\nGenerates text with a trained model, or images with a model of pixels. Defaults in brackets.\n")
		o.table().Help(stdout)
		return 0
	} else if err != nil {
		fmt.Fprintln(stderr, "generate:", printable.Line(err.Error()))
		return 2
	}
	if err := generate(ctx, o, text, stderr); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			fmt.Fprintln(stderr, "interrupted")
			return interrupted
		}
		fmt.Fprintln(stderr, "generate:", printable.Line(err.Error()))
		return 1
	}
	return 0
}

// generate loads the model in the precision that it was trained in.
func generate(ctx context.Context, o options, text *textWriter, stderr io.Writer) error {
	simd.SetThreads(o.threads)
	saved, from, err := models.FindRun(o.from, func(text string) { fmt.Fprintln(stderr, "note:", printable.Line(text)) })
	if err != nil {
		return err
	}
	o.from = from
	task, err := data.NewConfig(saved.Setting("task"))
	if err != nil {
		return fmt.Errorf("%s: %w; if another module registers it, use the program of that module", o.from, err)
	}
	job := job{ctx: ctx, o: o, saved: saved, text: text, stderr: stderr}
	_, ofPixels := task.Task.(*data.ImagePixels)
	switch {
	case ofPixels && o.png == "":
		return fmt.Errorf("%s was trained on the task %s, which has no text to generate: give -png FILE for a picture", o.from, task.Name)
	case !ofPixels && o.png != "":
		return fmt.Errorf("-png: %s was trained on the task %s, not on image-pixels", o.from, task.Name)
	case ofPixels && saved.Setting("dtype") == "float64":
		return drawImages[float64](job)
	case ofPixels:
		return drawImages[float32](job)
	case !task.IsText():
		return fmt.Errorf("%s was trained on the task %s, which has no text to generate", o.from, task.Name)
	}
	if saved.Setting("dtype") == "float64" {
		return load[float64](job)
	}
	return load[float32](job)
}

// load loads the model and its tokenizer, and writes the texts.
func load[F params.Float](j job) error {
	model, err := models.Load[F](j.saved, j.o.average)
	if err != nil {
		return err
	}
	tok, err := tokenizer.Open(j.saved.Setting("tokenizer"), j.saved.Setting("tokenizer-sha256"))
	if err != nil {
		return err
	}
	if j.o.several() {
		return writeAll(j, model, tok)
	}
	return write(j, model, tok)
}

// errEnd ends a text at its last token.
var errEnd = errors.New("the text ends")

// beginsDocument reports whether a document begins at the token: at the separator, or where the model starts anew.
func beginsDocument[F params.Float](token int32, model *models.Model[F], tok tokenizer.Tokenizer) bool {
	start, independent := model.DocumentStart()
	return token == tok.Separator() || independent && token == start
}

// write reads the prompt and writes its text, token by token.
func write[F params.Float](j job, model *models.Model[F], tok tokenizer.Tokenizer) error {
	stream, err := model.NewStream()
	if err != nil {
		return err
	}
	sampler, err := sampling.New[F](j.o.sampling, j.o.seed)
	if err != nil {
		return err
	}
	prompt, err := j.prompt()
	if err != nil {
		return err
	}
	fingerprint := ""
	if j.o.saveState != "" || j.o.loadState != "" {
		fingerprint = modelFingerprint(params.Values(model.Params()))
	}
	var logits []F
	tokens := tok.Encode(prompt)
	if j.o.loadState != "" {
		if logits, err = loadState(j.o.loadState, fingerprint, stream, model.Vocab(), sampler, !j.o.seeded); err != nil {
			return err
		}
	} else {
		tokens = append([]int32{tok.Separator()}, tokens...) // in training one preceded every document
	}
	begin := time.Now()
	if len(tokens) > 0 {
		if logits, err = read(j.ctx, stream, tokens); err != nil {
			return err
		}
	}
	reading := time.Since(begin)
	if err := j.text.write(prompt); err != nil {
		return err
	}
	if left, limited := stream.Left(); limited && j.o.n > left {
		fmt.Fprintf(j.stderr, "note: the model's context ends after %d of the %s (-n)\n", left, printable.Count(j.o.n, "token"))
		j.o.n = left
	}
	begin = time.Now()
	count, one := 0, make([]int32, 1)
	logits, err = sampling.Generate(stream, logits, sampler, j.o.n, func(token int32) error {
		if j.o.stop && beginsDocument(token, model, tok) {
			return errEnd
		}
		count++
		if one[0] = token; j.ctx.Err() != nil {
			return j.ctx.Err()
		}
		return j.text.write(tok.Decode(one))
	})
	if err == errEnd {
		err = nil
	}
	if ferr := j.text.flush(); err == nil {
		err = ferr
	}
	if err != nil {
		return err
	}
	wrote := time.Since(begin)
	fmt.Fprintf(j.stderr, "%s read in %v, %d written at %.0f tokens/s\n", printable.Count(len(tokens), "token"), reading.Round(time.Millisecond),
		count, float64(count)/max(wrote.Seconds(), 1e-9))
	if j.o.saveState == "" {
		return nil
	}
	return saveState(j.o.saveState, fingerprint, stream, logits, sampler)
}

// readAtOnce is the number of tokens of a prompt that are read between two looks for an interrupt.
const readAtOnce = 1024

// read appends tokens to a stream, at least one.
func read[F params.Float](ctx context.Context, stream *models.Stream[F], tokens []int32) (logits []F, err error) {
	if left, limited := stream.Left(); limited && len(tokens) > left {
		return stream.Append(tokens) // which tells that they are too many
	}
	for len(tokens) > 0 {
		n := min(len(tokens), readAtOnce)
		if logits, err = stream.Append(tokens[:n]); err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		tokens = tokens[n:]
	}
	return logits, nil
}
