package board

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/printable"
	"goomtrain/train/metrics"
)

const (
	maxSample = 1 << 16 // bytes of sample.txt that are shown
	maxImage  = 32 << 20
	maxImages = 32
)

// A detail is what the page of a run shows beside its summary.
type detail struct {
	Summary     summary      `json:"summary"`
	Dir         string       `json:"dir"`
	Settings    [][2]string  `json:"settings"`
	Splits      []string     `json:"splits"`
	Layers      []string     `json:"layers"` // with curves of the norms of their gradients
	Checkpoints []checkpoint `json:"checkpoints"`
	Sample      string       `json:"sample"`
	Images      []image      `json:"images"`
	Lengths     []lengths    `json:"lengths"`
	Confusion   *confusion   `json:"confusion"`
	Generate    string       `json:"generate"` // why no text can be generated; "": it can
	Notes       []string     `json:"notes"`
}

type checkpoint struct {
	Name  string `json:"name"`
	Step  int64  `json:"step"`
	Last  bool   `json:"last"`
	Best  bool   `json:"best"`
	Error string `json:"error"` // why it cannot be used; "": it can
}

type image struct {
	Name    string `json:"name"`
	Version int64  `json:"version"` // changes with the file
}

// lengths is a curve of accuracy against the length of the sequences.
type lengths struct {
	Name   string       `json:"name"`
	Points [][2]float64 `json:"points"`
}

// confusion is a table of classes.
type confusion struct {
	Step   int64                `json:"step"`
	Split  string               `json:"split"`
	Names  []string             `json:"names"`
	Counts metrics.Confusion    `json:"counts"`
	Scores []metrics.ClassScore `json:"scores"`
}

// detail returns what the page of a run shows; false if there is no such run.
func (b *Board) detail(id string) (d detail, ok bool) {
	b.mu.Lock()
	r := b.byID[id]
	if r == nil {
		b.mu.Unlock()
		return d, false
	}
	d = r.detail(b.columns)
	b.mu.Unlock()

	d.Images = images(r.dir)
	if text, err := r.head("sample.txt", maxSample); err == nil {
		d.Sample = printable.Text(text)
	}
	entries, err := checkpoints.List(r.dir)
	if err != nil {
		d.Notes = append(d.Notes, printable.Short(err.Error(), 300))
	}
	for _, e := range entries {
		c := checkpoint{Name: filepath.Base(e.Dir), Step: e.Step, Last: e.Last, Best: e.Best}
		if e.Err != nil {
			c.Error = printable.Short(e.Err.Error(), 300)
		}
		d.Checkpoints = append(d.Checkpoints, c)
	}
	if c := d.Confusion; c != nil {
		names, err := metrics.ReadClasses(r.dir)
		if err != nil {
			d.Notes = append(d.Notes, printable.Short(err.Error(), 300))
		}
		for _, name := range names[:min(len(names), len(c.Counts))] {
			c.Names = append(c.Names, printable.Short(name, 80))
		}
	}
	if d.Generate == "" && !slices.ContainsFunc(d.Checkpoints, func(c checkpoint) bool { return c.Error == "" }) {
		d.Generate = "the run has no checkpoint yet"
	}
	return d, true
}

// detail returns what is known without reading files.
func (r *run) detail(columns []string) detail {
	d := detail{Summary: r.summary(columns), Dir: printable.Line(r.dir), Notes: r.notes(), Splits: slices.Sorted(maps.Keys(r.rows)), Layers: layerNames(r.layers),
		Settings: [][2]string{}, Checkpoints: []checkpoint{}, Images: []image{}, Lengths: []lengths{}, Generate: r.generates()}
	for _, p := range r.settings {
		d.Settings = append(d.Settings, [2]string{printable.Line(p.Name), printable.Short(p.Text, 2000)})
	}
	for _, c := range metrics.AccuracyCurves(r.evals) {
		d.Lengths = append(d.Lengths, lengths{c.Name, c.Points})
	}
	if m := r.confusion; len(m.Confusion) > 0 {
		d.Confusion = &confusion{Step: m.Step, Split: printable.Short(m.Split, 80), Counts: m.Confusion, Scores: m.Confusion.Scores()}
	}
	return d
}

// generates says why the model of a run generates no text; "" if it does.
func (r *run) generates() string {
	task, err := data.NewConfig(r.setting("task"))
	switch {
	case err != nil:
		return "the task of the run is not known here"
	case !task.IsText() || r.setting("model") == "classifier":
		return "the model was not trained to generate text"
	}
	return ""
}

// head returns the beginning of a file of the run folder.
func (r *run) head(name string, limit int) ([]byte, error) {
	f, err := r.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text := make([]byte, limit)
	n, err := f.ReadAt(text, 0)
	if n > 0 {
		err = nil
	}
	return text[:n], err
}

// images lists the pictures of a folder.
func images(dir string) []image {
	found := []image{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return found
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && isImage(e.Name()) && info.Mode().IsRegular() && len(found) < maxImages {
			found = append(found, image{e.Name(), info.ModTime().UnixMilli()})
		}
	}
	slices.SortFunc(found, func(a, b image) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// isImage reports whether a name is that of a picture in a run folder itself.
func isImage(name string) bool {
	return strings.HasSuffix(name, ".png") && filepath.Base(name) == name && !strings.HasPrefix(name, ".")
}

// layerNames returns the names of layers, those with numbers in the order of these.
func layerNames(layers map[string][]row) []string {
	names := slices.Collect(maps.Keys(layers))
	number := regexp.MustCompile(`\d+`)
	padded := func(name string) string {
		return number.ReplaceAllStringFunc(name, func(digits string) string { return fmt.Sprintf("%12s", digits) })
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(padded(a), padded(b)) })
	return append([]string{}, names...)
}
