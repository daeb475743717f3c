package main

import (
	"fmt"
	"image/color"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// picture draws the accuracy by level of both losses, each with both ways to predict: the median over the seeds.
func picture(path string, tree, flat []*tally) error {
	p := plot.New()
	p.Title.Text = "Hypernyms of nouns, from definitions not seen in training"
	p.X.Label.Text = "level below entity"
	p.Y.Label.Text = "correct, %"
	p.Legend.Left = true
	p.Add(plotter.NewGrid())
	own, joint := func(t *tally) []int { return t.own }, func(t *tally) []int { return t.joint }
	red, blue := color.RGBA{R: 200, A: 255}, color.RGBA{B: 220, A: 255}
	var ticks plot.ConstantTicks
	for i, s := range []struct {
		name    string
		runs    []*tally
		correct func(t *tally) []int
		paint   color.Color
		dashes  []vg.Length
	}{
		{"loss over levels: softmax of the level", tree, own, red, nil},
		{"loss over levels: whole path", tree, joint, red, []vg.Length{vg.Points(4), vg.Points(3)}},
		{"flat softmax: best class", flat, own, blue, nil},
		{"flat softmax: sums of probabilities", flat, joint, blue, []vg.Length{vg.Points(4), vg.Points(3)}},
	} {
		points := make(plotter.XYs, len(s.runs[0].counted))
		for l := range points {
			points[l] = plotter.XY{X: float64(l + 1), Y: median(s.runs, func(t *tally) float64 { return 100 * float64(s.correct(t)[l]) / float64(t.counted[l]) })}
			if i == 0 {
				ticks = append(ticks, plot.Tick{Value: float64(l + 1), Label: strconv.Itoa(l + 1)})
			}
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		line.Color, dots.Color, line.Dashes = s.paint, s.paint, s.dashes
		p.Add(line, dots)
		p.Legend.Add(s.name, line, dots)
	}
	p.X.Tick.Marker = ticks
	if err := p.Save(16*vg.Centimeter, 11*vg.Centimeter, path); err != nil {
		return fmt.Errorf("picture %s: %w", path, err)
	}
	return nil
}

// median returns that of a number of each run.
func median(runs []*tally, number func(t *tally) float64) float64 {
	var all []float64
	for _, r := range runs {
		all = append(all, number(r))
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}
