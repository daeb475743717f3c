package main

import (
	"fmt"
	"slices"
	"strings"

	"goomtrain/internal/printable"
)

// A row is a recipe with its stored runs.
type row struct {
	recipe
	runs []outcome // in the order of the seeds
}

// collect reads the stored runs of every recipe. A run with other settings than its recipe is an error.
func (b *book) collect(root string) ([]row, error) {
	rows := make([]row, len(b.Recipes))
	for i, r := range b.Recipes {
		rows[i].recipe = r
		for _, seed := range r.Seeds {
			if done, err := r.stored(root, seed); err != nil {
				return nil, fmt.Errorf("%w: train it again: go run ./docs/results -train -only '^%s$'", err, r.Name)
			} else if !done {
				continue
			}
			o, err := load(r.folder(root, seed))
			if err != nil {
				return nil, err
			}
			rows[i].runs = append(rows[i].runs, o)
		}
	}
	return rows, nil
}

// trained returns the rows with runs.
func trained(rows []row) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return len(r.runs) == 0 })
}

// count returns how many runs are stored and how many there can be.
func count(rows []row) (stored, wanted int) {
	for _, r := range rows {
		stored, wanted = stored+len(r.runs), wanted+len(r.Seeds)
	}
	return stored, wanted
}

// values returns a measure at a length of all runs that have it.
func (r row) values(m measure, length int) (xs []float64) {
	for _, o := range r.runs {
		if x, ok := o.at(m, length); ok {
			xs = append(xs, x)
		}
	}
	return xs
}

// measures returns the measures to show: the accuracies and the bits per byte that are known, otherwise the loss.
func (r row) measures() (known []measure) {
	for _, m := range measures {
		if m.name == "loss" && len(known) > 0 {
			break
		}
		if slices.ContainsFunc(r.runs[0].lengths, func(at record) bool { return len(r.values(m, at.Length)) > 0 }) {
			known = append(known, m)
		}
	}
	return known
}

// trainedWith writes the steps, the seconds and the seeds of the runs.
func (r row) trainedWith() []string {
	var steps, seconds []float64
	for _, o := range r.runs {
		steps, seconds = append(steps, float64(o.steps)), append(seconds, o.seconds)
	}
	seeds := fmt.Sprint(len(r.runs))
	if len(r.runs) < len(r.Seeds) {
		seeds = fmt.Sprintf("%d of %d", len(r.runs), len(r.Seeds))
	}
	return []string{r.runs[0].parameters, seeds, spread(steps, whole), spread(seconds, whole)}
}

// goals writes the figures to reach and, for each, whether it is reached and on how many seeds.
func (r row) goals() (wanted, reached string) {
	var want, is []string
	for _, g := range r.Reach {
		m, err := measureOf(g.Measure)
		if err != nil {
			panic(err) // readBook checks it
		}
		met := 0
		for _, x := range r.values(m, g.Length) {
			if m.lowest && x <= g.Value || !m.lowest && x >= g.Value {
				met++
			}
		}
		verdict := "no"
		if met >= g.Seeds {
			verdict = "yes"
		}
		want = append(want, fmt.Sprintf("%s %s at %d on %s", m.label, m.text(g.Value), g.Length, printable.Count(g.Seeds, "seed")))
		is = append(is, fmt.Sprintf("%s, on %d", verdict, met))
	}
	if len(want) == 0 {
		return none, none
	}
	return strings.Join(want, "<br>"), strings.Join(is, "<br>")
}

const introduction = `# Results

<!-- "go run ./docs/results" writes this file from docs/results/runs and docs/results/recipes.toml. -->

Every figure here comes from runs whose settings, metrics and output are in [results/runs](results/runs). The models are validated after the last
step on sequences that training did not see. *tokens* is the percentage of correct predictions, *sequences* the percentage of sequences in which all
predictions are correct. A figure is the median over the seeds; the lowest and the highest are in parentheses. Seconds are those of training. The
machines were shared and runs were paused while others were timed, so they vary. The commands of a section are at its end. This makes the runs and this file again, where they are missing:

` + "```sh\ngo run ./docs/results -train\n```\n"

// document writes docs/results.md.
func (b *book) document(rows []row) string {
	var d strings.Builder
	d.WriteString(introduction)
	for _, s := range b.Sections {
		mine := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.Section != s.Name })
		have := trained(mine)
		fmt.Fprintf(&d, "\n## %s\n\n%s\n\n", s.Title, strings.TrimSpace(s.Text))
		cross := b.matrixOf(s)
		if cross != nil && len(have) > 0 {
			stored, wanted := count(mine)
			fmt.Fprintf(&d, "%d of %d runs are stored; a pair without one has –.\n\n", stored, wanted)
			d.WriteString(matrices(have))
		} else {
			d.WriteString(overview(have))
		}
		d.WriteString(byLength(have))
		if s.Picture != "" && len(lengthCurves(have)) > 0 {
			fmt.Fprintf(&d, "\n![sequences that are all correct, by length](results/%s)\n", s.Picture)
		}
		if s.Curves != "" && len(lossCurves(have, s.CurvesBelow)) > 0 {
			fmt.Fprintf(&d, "\n![validation loss in the course of training](results/%s)\n", s.Curves)
		}
		d.WriteString("\n```sh\n")
		if cross != nil {
			d.WriteString(cross.commands())
			mine = nil
		}
		for _, r := range mine {
			fmt.Fprintf(&d, "# %s, %s: %s\n%s\n", r.Task, r.Model, r.Remark, fold("go run ./cmd/train "+strings.Join(r.command(r.Seeds[0]), " "), 140))
		}
		d.WriteString("```\n")
	}
	return d.String()
}

// matrixOf returns the matrix of a section, nil if it has none.
func (b *book) matrixOf(s section) *matrix {
	i := slices.IndexFunc(b.Matrices, func(m matrix) bool { return m.Section == s.Name })
	if i < 0 {
		return nil
	}
	return &b.Matrices[i]
}

// commands writes the flags of each model and of each task, and the command that puts them together.
func (m *matrix) commands() string {
	var d strings.Builder
	for _, list := range []struct {
		name     string
		variants []variant
	}{{"MODEL", m.Models}, {"TASK", m.Tasks}} {
		for _, v := range list.variants {
			fmt.Fprintf(&d, "%s=%q # %s\n", list.name, strings.Join(strings.Fields(v.Args), " "), v.Title)
		}
	}
	args := strings.Join(strings.Fields(m.Args), " ")
	fmt.Fprintf(&d, "%s\n", fold(fmt.Sprintf("go run ./cmd/train $MODEL $TASK %s -seed %d", args, m.Seeds[0]), 140))
	return d.String()
}
