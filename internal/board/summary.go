package board

import (
	"slices"

	"goomtrain/internal/printable"
)

// A summary is a run in the table.
type summary struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Revision int64             `json:"revision"`
	State    state             `json:"state"`
	Started  int64             `json:"started"` // Unix seconds of the last start
	Step     int64             `json:"step"`
	Steps    int64             `json:"steps"`
	ETA      number            `json:"eta"`
	Elapsed  number            `json:"elapsed"`
	Tokens   int64             `json:"tokens"`
	Speed    number            `json:"speed"`  // trained tokens per second
	Memory   number            `json:"memory"` // peak, MiB
	Loss     number            `json:"loss"`
	Valid    number            `json:"valid"` // newest validation loss
	Best     number            `json:"best"`
	BestStep int64             `json:"bestStep"`
	BPB      number            `json:"bpb"`
	Accuracy number            `json:"accuracy"`
	BadSteps int               `json:"badSteps"` // logged steps that were not finite
	Notes    []string          `json:"notes"`    // what could not be read
	Settings map[string]string `json:"settings"` // of the columns
}

// A list is the answer of /api/runs.
type list struct {
	Boot     int64     `json:"boot"`
	Version  int64     `json:"version"`
	Folders  []string  `json:"folders"`
	Generate bool      `json:"generate"`
	Columns  []string  `json:"columns"`
	IDs      []string  `json:"ids"` // of all runs, by name; null: as before
	Runs     []summary `json:"runs"`
	Unread   int       `json:"unread"` // runs of which more is to be read
	Notes    []string  `json:"notes"`
}

// list returns the runs that have changed since a version, or all of them if columns have.
func (b *Board) list(since int64) list {
	b.mu.Lock()
	defer b.mu.Unlock()
	unread := b.update()
	if since < b.columned || since > b.version {
		since = 0
	}
	out := list{Boot: b.boot, Version: b.version, Generate: b.config.MaxTokens > 0, Columns: b.columns, Unread: unread, Runs: []summary{}}
	for _, f := range b.config.Folders {
		out.Folders = append(out.Folders, printable.Line(f))
	}
	for _, n := range b.notes {
		out.Notes = append(out.Notes, printable.Short(n, 300))
	}
	for _, r := range b.runs {
		if r.revision > since {
			out.Runs = append(out.Runs, r.summary(b.columns))
		}
	}
	if len(out.Runs) > 0 || since < b.gone || since == 0 {
		out.IDs = make([]string, 0, len(b.runs))
		for _, r := range b.runs {
			out.IDs = append(out.IDs, r.id)
		}
	}
	return out
}

// summary describes the run with its settings of these names.
func (r *run) summary(columns []string) summary {
	s := summary{ID: r.id, Name: r.name, Revision: r.revision, State: r.shown, Started: r.started.Unix(), Step: r.last.Step, Steps: r.steps(),
		Elapsed: number(r.last.Elapsed), Tokens: r.last.Tokens, Speed: number(r.last.TokensPerSec), Memory: number(r.last.PeakRSS),
		Loss: number(r.last.Loss), Valid: number(r.valid.Loss), Best: number(r.best.Loss), BestStep: r.best.Step, BPB: number(r.valid.BPB),
		Accuracy: number(r.valid.Accuracy), BadSteps: r.nonfinite, Notes: r.notes(), Settings: map[string]string{}}
	s.ETA = number(r.eta())
	for _, c := range columns {
		if text := r.setting(c); text != "" {
			s.Settings[c] = printable.Short(text, 200)
		}
	}
	return s
}

// notes says what could not be read of the run.
func (r *run) notes() []string {
	notes := []string{}
	for _, file := range []string{"config.toml", metricsFile} {
		if text := r.failures[file]; text != "" {
			notes = append(notes, text)
		}
	}
	if s := r.tail.Skipped; s.Lines > 0 {
		notes = append(notes, printable.Count(s.Lines, "line")+" of metrics.jsonl left out; the first: "+printable.Short(s.First.Error(), 200))
	}
	if r.dropped > 0 {
		notes = append(notes, printable.Count(r.dropped, "record")+" left out: more than 64 validation sets, or names that are too long")
	}
	return notes
}

// maxColumns is the number of settings that the table shows.
const maxColumns = 40

// differing lists the settings whose values differ between runs: model and task always, then in the order of the files. A
// setting that a run does not have is as one that is 0, false or empty.
func differing(runs []*run) []string {
	first, differs, set := map[string]string{}, map[string]bool{}, map[string]int{}
	for _, r := range runs {
		for _, p := range r.settings {
			if p.IsZero() {
				continue
			}
			if text, seen := first[p.Name]; !seen {
				first[p.Name] = p.Text
			} else if text != p.Text {
				differs[p.Name] = true
			}
			set[p.Name]++
		}
	}
	columns := []string{"model", "task"}
	for _, r := range runs {
		for _, p := range r.settings {
			partly := set[p.Name] > 0 && set[p.Name] < len(runs)
			if (differs[p.Name] || partly) && len(columns) < maxColumns && !slices.Contains(columns, p.Name) {
				columns = append(columns, p.Name)
			}
		}
	}
	return columns
}
