package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"goomtrain/train/metrics"
)

// A record is one evaluation.
type record = metrics.Record

// overview is the table of the training of each recipe, with the figures to reach if there are any.
func overview(rows []row) string {
	header := []string{"task", "model", "parameters", "seeds", "steps", "seconds"}
	withGoals := slices.ContainsFunc(rows, func(r row) bool { return len(r.Reach) > 0 })
	if withGoals {
		header = append(header, "to reach", "reached")
	}
	var cells [][]string
	for _, r := range rows {
		line := append([]string{r.Task, r.Model}, r.trainedWith()...)
		if withGoals {
			wanted, reached := r.goals()
			line = append(line, wanted, reached)
		}
		cells = append(cells, line)
	}
	return table(header, cells)
}

// byLength is a table of every measure at every length, one for the recipes with the same lengths.
func byLength(rows []row) string {
	var d strings.Builder
	for len(rows) > 0 {
		lengths := rows[0].runs[0].lengthsText()
		var cells [][]string
		for _, r := range rows {
			if r.runs[0].lengthsText() != lengths {
				continue
			}
			for _, m := range r.measures() {
				line := []string{r.Task, r.Model, m.label}
				for _, at := range r.runs[0].lengths {
					line = append(line, spread(r.values(m, at.Length), m.text))
				}
				cells = append(cells, line)
			}
		}
		header := append([]string{"task", "model", "at length"}, strings.Split(lengths, ", ")...)
		fmt.Fprintf(&d, "\n%s", table(header, cells))
		rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.runs[0].lengthsText() == lengths })
	}
	return d.String()
}

// matrices are tables of models and tasks: the medians at the lengths of each task, for each accuracy that is known,
// and the parameters and seconds of training.
func matrices(rows []row) string {
	var d strings.Builder
	var lengths []string
	for _, task := range distinct(rows, func(r row) string { return r.Task }) {
		i := slices.IndexFunc(rows, func(r row) bool { return r.Task == task })
		lengths = append(lengths, fmt.Sprintf("%s at %s", task, rows[i].runs[0].lengthsText()))
	}
	fmt.Fprintf(&d, "Lengths: %s.\n\n", strings.Join(lengths, "; "))
	for _, m := range measures[:2] {
		fmt.Fprintf(&d, "Median of %s at these lengths:\n\n%s\n", m.label, cross(rows, func(r row) string { return r.medians(m) }))
	}
	fmt.Fprintf(&d, "Parameters, and median of the steps and of the seconds of training:\n\n%s", cross(rows, func(r row) string {
		var steps, seconds []float64
		for _, o := range r.runs {
			steps, seconds = append(steps, float64(o.steps)), append(seconds, o.seconds)
		}
		return fmt.Sprintf("%s; %s; %s", r.runs[0].parameters, whole(median(steps)), whole(median(seconds)))
	}))
	return d.String()
}

// cross is a table with a line for each model and a column for each task.
func cross(rows []row, cell func(row) string) string {
	tasks := distinct(rows, func(r row) string { return r.Task })
	var cells [][]string
	for _, model := range distinct(rows, func(r row) string { return r.Model }) {
		line := []string{model}
		for _, task := range tasks {
			text := none
			if i := slices.IndexFunc(rows, func(r row) bool { return r.Task == task && r.Model == model }); i >= 0 {
				text = cell(rows[i])
			}
			line = append(line, text)
		}
		cells = append(cells, line)
	}
	return table(append([]string{"model"}, tasks...), cells)
}

// distinct lists the different keys of the rows in their order.
func distinct(rows []row, key func(row) string) (keys []string) {
	for _, r := range rows {
		if k := key(r); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// medians writes the median of a measure at every length.
func (r row) medians(m measure) string {
	var texts []string
	for _, at := range r.runs[0].lengths {
		texts = append(texts, m.text(median(r.values(m, at.Length))))
	}
	return strings.Join(texts, " / ")
}

// short is README's table: the medians of each recipe at its shortest and its longest length.
func (b *book) short(rows []row) string {
	var cells [][]string
	for _, s := range b.Sections {
		for _, r := range trained(rows) {
			if r.Section != s.Name || !s.Readme {
				continue
			}
			lengths := r.runs[0].lengths
			training := r.trainedWith()
			cells = append(cells, []string{r.Task, r.Model, training[0], training[1], training[3], r.cell(lengths[0].Length), r.cell(lengths[len(lengths)-1].Length)})
		}
	}
	return table([]string{"task", "model", "parameters", "seeds", "seconds", "tokens / sequences, %", "at the longest length"}, cells)
}

// cell writes the medians of all measures at a length.
func (r row) cell(length int) string {
	var texts []string
	for _, m := range r.measures() {
		text := m.text(median(r.values(m, length)))
		if m.lowest {
			text += " " + m.label
		}
		texts = append(texts, text)
	}
	return strconv.Itoa(length) + ": " + strings.Join(texts, " / ")
}
