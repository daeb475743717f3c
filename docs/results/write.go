package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"goomtrain/internal/atomicfile"
	"goomtrain/internal/regular"
	"goomtrain/train/metrics"
)

// The lines of README.md around its table.
const (
	begin = "<!-- results: written by \"go run ./docs/results\" -->\n"
	end   = "<!-- end of results -->\n"
)

// write writes the documents and pictures.
func (b *book) write(out io.Writer, root string) error {
	rows, err := b.collect(root)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "README.md")
	old, err := regular.ReadFile(path, 1<<20)
	if err != nil {
		return err
	}
	readme, err := replaced(string(old), b.short(rows))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := atomicfile.WriteFile(path, []byte(readme)); err != nil {
		return err
	}
	if err := atomicfile.WriteFile(filepath.Join(root, "docs", "results.md"), []byte(b.document(rows))); err != nil {
		return err
	}
	if err := b.pictures(rows, filepath.Join(root, "docs", "results")); err != nil {
		return err
	}
	stored, wanted := count(rows)
	fmt.Fprintf(out, "wrote docs/results.md and README.md from %d of %d runs\n", stored, wanted)
	return nil
}

// replaced puts a text between the lines begin and end of README.md.
func replaced(readme, text string) (string, error) {
	head, rest, ok := strings.Cut(readme, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("it lacks the lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return head + begin + "\n" + text + "\n" + end + tail, nil
}

// pictures draws the picture of each section that has one, in the folder.
func (b *book) pictures(rows []row, folder string) error {
	for _, s := range b.Sections {
		var mine []row
		for _, r := range trained(rows) {
			if r.Section == s.Name {
				mine = append(mine, r)
			}
		}
		if curves := lengthCurves(mine); s.Picture != "" && len(curves) > 0 {
			if err := metrics.WriteAccuracyPlot(filepath.Join(folder, s.Picture), "share of sequences that are all correct", curves); err != nil {
				return err
			}
		}
		if curves := lossCurves(mine, s.CurvesBelow); s.Curves != "" && len(curves) > 0 {
			if err := metrics.WriteLossPlot(filepath.Join(folder, s.Curves), s.Title, "percent of the training", metrics.BitsPerByte, curves); err != nil {
				return err
			}
		}
	}
	return nil
}

// lossCurves returns, for each recipe whose runs were validated more than once, the median of the bits per byte against
// the part of the training that is done, in percent. Values above the limit are left out, unless it is 0.
func lossCurves(rows []row, limit float64) (curves []metrics.Curve) {
	for _, r := range rows {
		c := metrics.Curve{Name: r.Model, Marked: true}
		for i, at := range r.runs[0].course {
			var xs []float64
			for _, o := range r.runs {
				if i < len(o.course) && o.course[i].Step == at.Step && !math.IsNaN(o.course[i].BPB) {
					xs = append(xs, o.course[i].BPB)
				}
			}
			if y := median(xs); y <= limit || limit == 0 && len(xs) > 0 {
				c.Points = append(c.Points, [2]float64{100 * float64(at.Step) / float64(r.runs[0].steps), y})
			}
		}
		if len(c.Points) > 1 {
			curves = append(curves, c)
		}
	}
	return curves
}

// lengthCurves returns, for each recipe with several lengths, the median share of sequences that are all correct.
func lengthCurves(rows []row) (curves []metrics.Curve) {
	for _, r := range rows {
		c := metrics.Curve{Name: r.Task + ", " + r.Model, Marked: true}
		for _, at := range r.runs[0].lengths {
			if xs := r.values(measures[1], at.Length); len(xs) > 0 {
				c.Points = append(c.Points, [2]float64{float64(at.Length), median(xs)})
			}
		}
		if len(c.Points) > 1 {
			curves = append(curves, c)
		}
	}
	return curves
}
