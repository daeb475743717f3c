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

// matrices are tables of models and tasks with the medians at the lengths of each task, for each accuracy that is known.
func matrices(rows []row) string {
	var d strings.Builder
	var tasks, models []string
	for _, r := range rows {
		if !slices.Contains(tasks, r.Task) {
			tasks = append(tasks, r.Task)
		}
		if !slices.Contains(models, r.Model) {
			models = append(models, r.Model)
		}
	}
	for _, m := range measures[:2] {
		var cells [][]string
		for _, model := range models {
			line := []string{model}
			for _, task := range tasks {
				i := slices.IndexFunc(rows, func(r row) bool { return r.Task == task && r.Model == model })
				cell := none
				if i >= 0 {
					cell = rows[i].medians(m)
				}
				line = append(line, cell)
			}
			cells = append(cells, line)
		}
		fmt.Fprintf(&d, "Median of %s at the trained length, and at the longer ones that the tables below have:\n\n%s\n", m.label, table(append([]string{"model"}, tasks...), cells))
	}
	return d.String()
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
