package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"goomtrain/internal/regular"
	"goomtrain/settings"
	"goomtrain/train"
	"goomtrain/train/metrics"

	"github.com/BurntSushi/toml"
)

// A book is the content of recipes.toml.
type book struct {
	Sections []section `toml:"section"`
	Recipes  []recipe  `toml:"recipe"`
	Matrices []matrix  `toml:"matrix"`
}

// A matrix is every model on every task with one setting for all. It adds a recipe for each pair.
type matrix struct {
	Section string
	Args    string // flags of cmd/train that all have
	Seeds   []uint64
	Models  []variant `toml:"model"`
	Tasks   []variant `toml:"task"`
}

// A variant is a row or a column of a matrix.
type variant struct {
	Name, Title string // of files, of tables
	Args        string // flags of cmd/train
}

// check returns an error if a matrix is empty, or if recipes so far, of other matrices too, share its section. The
// pairs are checked as recipes.
func (m *matrix) check(earlier []recipe) error {
	switch {
	case len(m.Models) == 0 || len(m.Tasks) == 0:
		return errors.New("it needs at least one [[matrix.model]] and one [[matrix.task]]")
	case slices.ContainsFunc(earlier, func(r recipe) bool { return r.Section == m.Section }):
		return errors.New("its section must have nothing else")
	}
	return nil
}

// recipes returns a recipe for each pair of a model and a task.
func (m *matrix) recipes() (all []recipe) {
	for _, task := range m.Tasks {
		for _, model := range m.Models {
			all = append(all, recipe{
				Name: strings.Join([]string{m.Section, task.Name, model.Name}, "-"), Section: m.Section, Task: task.Title, Model: model.Title,
				Args: strings.Join([]string{model.Args, task.Args, m.Args}, " "), Remark: "the setting of all", Seeds: m.Seeds,
			})
		}
	}
	return all
}

// A section is a chapter of docs/results.md.
type section struct {
	Name, Title, Text string
	Readme            bool    // its recipes are in README's table
	Picture           string  // file in docs/results that shows the accuracy by length; "": none
	Curves            string  // file in docs/results that shows the validation loss in the course of training; "": none
	CurvesBelow       float64 `toml:"curves_below"` // the largest loss that the curves show; 0: any
}

// A recipe is a training command for several seeds.
type recipe struct {
	Name, Section, Task, Model string
	Args                       string // flags of cmd/train
	Remark                     string // one line
	Seeds                      []uint64
	Reach                      []goal
}

// A goal is a figure that a number of seeds must reach.
type goal struct {
	Length  int
	Measure string // name of a measure
	Value   float64
	Seeds   int
}

// A measure is a number of an evaluation.
type measure struct {
	name, label string
	lowest      bool // lower is better
	value       func(metrics.Record) float64
	text        func(float64) string
}

// measures are all that a goal or a table may have, in the order of the tables.
var measures = []measure{
	{"accuracy", "tokens", false, func(r metrics.Record) float64 { return r.Accuracy }, percent},
	{"sequence_accuracy", "sequences", false, func(r metrics.Record) float64 { return r.SequenceAccuracy }, percent},
	{"bpb", "bits per byte", true, func(r metrics.Record) float64 { return r.BPB }, nats},
	{"loss", "loss, nats", true, func(r metrics.Record) float64 { return r.Loss }, nats},
}

// measureOf returns the measure of that name.
func measureOf(name string) (measure, error) {
	for _, m := range measures {
		if m.name == name {
			return m, nil
		}
	}
	return measure{}, fmt.Errorf("there is no measure %q: use accuracy, sequence_accuracy, bpb or loss", name)
}

// readBook reads and checks recipes.toml.
func readBook(path string) (*book, error) {
	text, err := regular.ReadFile(path, 1<<20)
	if err != nil {
		return nil, fmt.Errorf("%w; the command runs in the root of the repository", err)
	}
	b := new(book)
	meta, err := toml.Decode(string(text), b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("%s: there is no key %s", path, unknown[0])
	}
	for i := range b.Matrices {
		m := &b.Matrices[i]
		if err := m.check(b.Recipes); err != nil {
			return nil, fmt.Errorf("%s: matrix %q: %w", path, m.Section, err)
		}
		b.Recipes = append(b.Recipes, m.recipes()...)
	}
	seen := map[string]bool{}
	for i := range b.Recipes {
		r := &b.Recipes[i]
		r.Args = strings.Join(strings.Fields(r.Args), " ")
		err := r.check(b.Sections)
		if err == nil && seen[r.Name] {
			err = errors.New("the name occurs twice")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: recipe %q: %w", path, r.Name, err)
		}
		seen[r.Name] = true
	}
	return b, nil
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)

// check returns an error if a recipe cannot be trained or shown.
func (r *recipe) check(sections []section) error {
	switch {
	case !validName.MatchString(r.Name):
		return errors.New("a name consists of lower-case letters, digits, dots and hyphens")
	case !slices.ContainsFunc(sections, func(s section) bool { return s.Name == r.Section }):
		return fmt.Errorf("there is no section %q", r.Section)
	case r.Task == "" || r.Model == "" || strings.ContainsAny(r.Task+r.Model, "|\n"):
		return errors.New("task and model must be texts without | and line ends")
	case r.Remark == "" || strings.Contains(r.Remark, "\n"):
		return errors.New("the remark must be one line")
	case len(r.Seeds) == 0:
		return errors.New("it has no seeds")
	}
	for i, seed := range r.Seeds {
		if slices.Contains(r.Seeds[:i], seed) {
			return fmt.Errorf("seed %d occurs twice", seed)
		}
	}
	for _, g := range r.Reach {
		if _, err := measureOf(g.Measure); err != nil {
			return err
		}
		if g.Length < 1 || math.IsNaN(g.Value) || g.Seeds < 1 || g.Seeds > len(r.Seeds) {
			return fmt.Errorf("figure to reach %+v: want a length of at least 1, and 1 to %d seeds", g, len(r.Seeds))
		}
	}
	return r.checkArgs()
}

// checkArgs returns an error if cmd/train refuses the flags, or if they are those that this program gives.
func (r *recipe) checkArgs() error {
	for _, arg := range strings.Fields(r.Args) {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && slices.Contains([]string{"seed", "out", "threads", "resume", "config", "print-config", "dry-run"}, name) {
			return fmt.Errorf("args must not have %s", arg)
		}
	}
	_, err := r.config(r.Seeds[0])
	return err
}

// command returns the arguments of cmd/train for a seed.
func (r *recipe) command(seed uint64) []string {
	return append(strings.Fields(r.Args), "-seed", strconv.FormatUint(seed, 10))
}

// config returns the configuration for a seed.
func (r *recipe) config(seed uint64) (train.Config, error) {
	call, err := train.Parse(r.command(seed))
	return call.Config, err
}

// automatic lists settings that a run replaces where they are 0, by values that follow from the others and the data.
var automatic = []string{"vocab", "context", "seq", "micro-batch", "classes", "image-size"}

// differences lists the settings in which the run in dir differs from the recipe.
func (r *recipe) differences(seed uint64, dir string) ([]settings.Difference, error) {
	want, err := r.config(seed)
	if err != nil {
		return nil, err
	}
	have, err := train.LoadConfig(dir)
	if err != nil {
		return nil, err
	}
	if want.Schedule.Steps == 0 { // it follows from the preset
		want.Schedule.Steps = have.Schedule.Steps
	}
	want.Schedule.Resolve()
	return slices.DeleteFunc(settings.Differences(want.Settings(), have.Settings()), func(d settings.Difference) bool {
		return slices.Contains(automatic, d.Name) && settings.Pair{Text: d.Before}.IsZero()
	}), nil
}
