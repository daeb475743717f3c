package metrics

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"goomtrain/internal/atomicfile"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// A Curve is one line of a plot.
type Curve struct {
	Name   string
	Points [][2]float64 // x, y
	Marked bool         // with a mark at every point; for curves of few points
}

// Units of a loss.
const (
	NatsPerToken = "nats per token"
	BitsPerByte  = "bits per byte"
)

// LossCurves returns the loss against the step, one curve for each split, and the unit: bits per byte if every
// record has them, otherwise nats per token.
func LossCurves(records []Record) (curves []Curve, unit string) {
	unit = BitsPerByte
	for i := range records {
		if finite(records[i].Loss) && !finite(records[i].BPB) {
			unit = NatsPerToken
		}
	}
	index := map[string]int{}
	for _, r := range records {
		y := r.BPB
		if unit == NatsPerToken {
			y = r.Loss
		}
		if !finite(y) {
			continue
		}
		i, ok := index[r.Split]
		if !ok {
			i = len(curves)
			index[r.Split] = i
			curves = append(curves, Curve{Name: r.Split, Marked: r.Split != Train})
		}
		curves[i].Points = append(curves[i].Points, [2]float64{float64(r.Step), y})
	}
	return curves, unit
}

// WriteLossPlot draws curves of a loss against x, which begins at 0, and writes a PNG file atomically. The names of x and of
// the unit of the loss label the axes.
func WriteLossPlot(path, title, x, unit string, curves []Curve) error {
	p, err := newPlot(title, x, unit, curves)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p.X.Min = math.Min(p.X.Min, 0)
	// The first losses are far above all others: cut them off once the curve is long.
	p.Y.Min, p.Y.Max = yRange(curves, p.Y.Min, p.Y.Max)
	return writePNG(path, p)
}

// newPlot returns a picture of the curves with a legend.
func newPlot(title, x, y string, curves []Curve) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = x
	p.Y.Label.Text = y
	p.Legend.Top = true
	p.Legend.XOffs = -vg.Points(10)
	p.Add(plotter.NewGrid())
	for i, c := range curves {
		if err := addCurve(p, i, c); err != nil {
			return nil, fmt.Errorf("curve %s: %w", c.Name, err)
		}
	}
	return p, nil
}

func writePNG(path string, p *plot.Plot) error {
	to, err := p.WriterTo(20*vg.Centimeter, 12*vg.Centimeter, "png")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := to.WriteTo(w)
		return err
	})
}

func addCurve(p *plot.Plot, i int, c Curve) error {
	xys := make(plotter.XYs, len(c.Points))
	for j, point := range c.Points {
		xys[j].X, xys[j].Y = point[0], point[1]
	}
	line, err := plotter.NewLine(xys)
	if err != nil {
		return err
	}
	line.Width = vg.Points(1.2)
	line.Color = plotutil.Color(i)
	line.Dashes = plotutil.Dashes(i / len(plotutil.DefaultColors)) // the colors repeat
	if !c.Marked {
		p.Add(line)
		p.Legend.Add(c.Name, line)
		return nil
	}
	marks, err := plotter.NewScatter(xys)
	if err != nil {
		return err
	}
	marks.Color = color.Color(plotutil.Color(i))
	marks.Shape = plotutil.Shape(0)
	marks.Radius = vg.Points(2)
	p.Add(line, marks)
	p.Legend.Add(c.Name, line, marks)
	return nil
}

// yRange limits the axis to the highest value after the first tenth of x, with a margin.
func yRange(curves []Curve, low, high float64) (float64, float64) {
	last := 0.0
	for _, c := range curves {
		for _, point := range c.Points {
			last = max(last, point[0])
		}
	}
	top, count := math.Inf(-1), 0
	for _, c := range curves {
		for _, point := range c.Points {
			if point[0] > last/10 {
				top, count = max(top, point[1]), count+1
			}
		}
	}
	if count < 20 || top <= low {
		return low, high
	}
	return low, min(high, top+0.1*(top-low))
}
