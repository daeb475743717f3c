package main

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// picture draws the longest chains over the size of the matrices, both axes logarithmic.
func picture(path string, results []result) error {
	p := plot.New()
	p.Title.Text = "Longest chains of random normal matrices"
	p.X.Label.Text = "size of the matrices"
	p.Y.Label.Text = "products with finite results"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = sizes(results), plot.LogTicks{Prec: -1}
	p.Legend.Top = true
	for _, s := range []struct {
		name  string
		paint color.Color
		steps func(r result) int
	}{
		{"float32", color.RGBA{R: 200, A: 255}, func(r result) int { return r.single - 1 }},
		{"float64", color.RGBA{B: 220, A: 255}, func(r result) int { return r.double - 1 }},
		{"GOOM (still going)", color.RGBA{G: 140, A: 255}, func(r result) int { return r.goom }},
	} {
		var points plotter.XYs
		for _, r := range results {
			if n := s.steps(r); n > 0 { // a chain that never failed has no length to draw
				points = append(points, plotter.XY{X: float64(r.dim), Y: float64(n)})
			}
		}
		if len(points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		line.Color, dots.Color = s.paint, s.paint
		p.Add(line, dots)
		p.Legend.Add(s.name, line, dots)
	}
	p.Add(plotter.NewGrid())
	if len(results) == 1 { // a logarithmic axis needs some width
		p.X.Min, p.X.Max = float64(results[0].dim)/2, 2*float64(results[0].dim)
	}
	p.Y.Min = min(p.Y.Min, 10)
	if err := p.Save(18*vg.Centimeter, 12*vg.Centimeter, path); err != nil {
		return fmt.Errorf("picture %s: %w", path, err)
	}
	return nil
}

// sizes marks the sizes themselves on the axis.
func sizes(results []result) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(results))
	for i, r := range results {
		ticks[i] = plot.Tick{Value: float64(r.dim), Label: fmt.Sprint(r.dim)}
	}
	return ticks
}
