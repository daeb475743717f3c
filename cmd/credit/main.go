package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/nearest"
	"goomtrain/internal/printable"
	"goomtrain/internal/simd"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/settings"
	"goomtrain/train/metrics"

	_ "goomtrain/data/gpt2" // runs trained with -tokenizer gpt2

	"golang.org/x/term"
)

func main() {
	color := term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == ""
	os.Exit(run(os.Args[1:], color, os.Stdout, os.Stderr))
}

// options are the command's flags.
type options struct {
	from, class, data string
	html, png         string
	average           bool
	threads           int
	input             string
	color             bool // of the terminal
}

func (o *options) table() settings.Table {
	return settings.Table{
		{Name: "from", Help: "run folder, checkpoint folder, or .safetensors file with its config.toml next to it", Value: &o.from, Zero: "the newest run in runs/"},
		{Name: "class", Help: "name of the class whose score gives the credit", Value: &o.class, Zero: "the predicted one"},
		{Name: "html", Help: "HTML file to write a page of the text in", Value: &o.html},
		{Name: "png", Help: "PNG file to draw the image and its credit in", Value: &o.png},
		{Name: "data", Help: "folder of the images, if it is no longer where the run found it", Value: &o.data, Zero: "that of the run"},
		{Name: "ema", Help: "use the averaged weights if the run kept them", Value: &o.average},
		{Name: "threads", Help: "threads", Value: &o.threads, Rule: settings.Threads(), Zero: "all cores"},
	}.In("Flags")
}

const usage = `Usage: go run ./cmd/credit [flags] INPUT

Shows what the decision of a classifier with routings comes from. INPUT is a text,
the name of a text file, or for images the number of a test image, from 0 on.
Defaults in brackets.
`

// run runs the command and returns the exit code.
func run(args []string, color bool, stdout, stderr io.Writer) int {
	o := options{average: true, color: color}
	_, rest, err := o.table().ParseFlags(args)
	switch {
	case errors.Is(err, settings.ErrHelp):
		fmt.Fprint(stdout, usage)
		o.table().Help(stdout)
		return 0
	case err == nil && len(rest) == 0:
		err = errors.New("no INPUT given: a text, a text file, or the number of a test image")
	case err == nil && len(rest) > 1:
		err = fmt.Errorf("unexpected argument %q: a text of several words needs quotes, and flags stand before it", rest[1])
	case err == nil:
		o.input = rest[0]
		err = o.table().Validate()
	}
	if err != nil {
		fmt.Fprintln(stderr, "credit:", printable.Line(err.Error()))
		return 2
	}
	if err := credit(o, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "credit:", printable.Line(err.Error()))
		return 1
	}
	return 0
}

// credit loads the model in the precision of its training.
func credit(o options, stdout, stderr io.Writer) error {
	simd.SetThreads(o.threads)
	saved, from, err := models.FindRun(o.from, func(text string) { fmt.Fprintln(stderr, "note:", printable.Line(text)) })
	if err != nil {
		return err
	}
	o.from = from
	sizes, ok := saved.Config.Sizes.(*models.Classifier)
	if !ok || sizes.Pool != "routing" {
		return fmt.Errorf("%s is no classifier with routings, as from go run ./cmd/train -model classifier -pool routing: only routings give credit", o.from)
	}
	in, err := read(o, saved, sizes)
	if err != nil {
		return err
	}
	names, err := classNames(o.from, sizes.Classes)
	if err != nil {
		return err
	}
	var c models.Classification
	if saved.Setting("dtype") == "float64" {
		c, err = classify[float64](saved, o.average, in.tokens())
	} else {
		c, err = classify[float32](saved, o.average, in.tokens())
	}
	if err != nil {
		return err
	}
	if math.IsNaN(c.Probabilities[c.Class]) {
		return fmt.Errorf("%s: the scores of the classes are not finite: the training diverged, or the weights are damaged", o.from)
	}
	class := c.Class
	if o.class != "" {
		if class = slices.Index(names, o.class); class < 0 {
			return fmt.Errorf("-class: the run has no class %q%s", o.class, nearest.Hint(o.class, names))
		}
	}
	return in.show(o, result{c, class, names}, stdout)
}

// A result is a classification and the class whose credit is shown.
type result struct {
	models.Classification
	class int
	names []string
}

// credit is that of the class.
func (r result) credit() []float64 { return r.Credit[r.class] }

// name is the name of a class on a line.
func (r result) name(class int) string { return printable.Short(r.names[class], 60) }

// An input is what is classified.
type input interface {
	tokens() []int32
	// show prints the result and writes the file that the options name.
	show(o options, r result, out io.Writer) error
}

// read reads the input of the run's task.
func read(o options, saved models.Saved, sizes *models.Classifier) (input, error) {
	cfg, err := data.ConfigOf(saved.Settings)
	if err != nil {
		return nil, err
	}
	switch task := cfg.Task.(type) {
	case *data.Classify:
		return readText(o, task, cfg.Seq)
	case *data.Images:
		return readImage(o, task, sizes, cfg.Seq)
	}
	return nil, fmt.Errorf("the run is of task %s: credit is shown of the tasks classify and images", cfg.Name)
}

func classify[F params.Float](saved models.Saved, average bool, tokens []int32) (models.Classification, error) {
	model, err := models.Load[F](saved, average)
	if err != nil {
		return models.Classification{}, err
	}
	return model.Classify(tokens)
}

// classNames returns the names of the classes of a run, or their numbers if only its weights are there.
func classNames(from string, classes int) ([]string, error) {
	if dir, err := checkpoints.RunFolder(from); err == nil {
		names, err := metrics.ReadClasses(dir)
		if err != nil || len(names) == classes {
			return names, err
		}
	}
	names := make([]string, classes)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names, nil
}

// likely prints the three most likely classes.
func likely(r result, out io.Writer) {
	order := make([]int, len(r.names))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Probabilities[b], r.Probabilities[a]) })
	for i, class := range order[:min(3, len(order))] {
		if i > 0 {
			fmt.Fprint(out, ", ")
		}
		fmt.Fprintf(out, "%s %.1f%%", r.name(class), 100*r.Probabilities[class])
	}
	fmt.Fprintf(out, "\ncredit of %s, in standard deviations:\n", r.name(r.class))
}
