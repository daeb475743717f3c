package main

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// picture draws, for every system, the relative distance of each method's largest exponent from the known one (or
// from the sequential method's last estimate) over the steps, both axes logarithmic.
func picture(path string, done []*estimate) error {
	p := plot.New()
	p.Title.Text = "Convergence of the largest Lyapunov exponent"
	p.X.Label.Text = "steps"
	p.Y.Label.Text = "relative distance from the known value"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top = true
	dashes := [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(2), vg.Points(2)}}
	paints := []color.Color{
		color.RGBA{R: 200, A: 255}, color.RGBA{B: 220, A: 255}, color.RGBA{G: 140, A: 255},
		color.RGBA{R: 170, B: 170, A: 255}, color.RGBA{R: 200, G: 130, A: 255},
	}
	for i, e := range done {
		known := e.system.Known[0]
		if math.IsNaN(known) {
			known = e.sequential[0]
		}
		for j, track := range [][]float64{e.trackSeq, e.trackPar, e.trackLargest} {
			points := make(plotter.XYs, len(track))
			for k, v := range track {
				points[k].X = float64(e.after[k])
				points[k].Y = math.Max(math.Abs(v-known)/math.Abs(known), 1e-8) // an exact hit has no logarithm
			}
			line, err := plotter.NewLine(points)
			if err != nil {
				return err
			}
			line.Color, line.Dashes = paints[i%len(paints)], dashes[j]
			p.Add(line)
			p.Legend.Add(e.system.Name+", "+[]string{"sequential", "parallel", "largest"}[j], line)
		}
	}
	p.Add(plotter.NewGrid())
	if err := p.Save(24*vg.Centimeter, 16*vg.Centimeter, path); err != nil {
		return fmt.Errorf("picture %s: %w", path, err)
	}
	return nil
}
