package main

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Positions of a path of states of one number, and of more.
const (
	shownLine  = 60
	shownPlane = 300
)

// legendRoom is the part of the width of a plot that is left to the legend.
const legendRoom = 0.35

// paints are the colors of states and tokens, and of heads.
var paints = []color.Color{
	color.RGBA{R: 0xd6, G: 0x27, B: 0x28, A: 255}, color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 255}, color.RGBA{R: 0x2c, G: 0xa0, B: 0x2c, A: 255},
	color.RGBA{R: 0xff, G: 0x7f, B: 0x0e, A: 255}, color.RGBA{R: 0x94, G: 0x67, B: 0xbd, A: 255}, color.RGBA{R: 0x8c, G: 0x56, B: 0x4b, A: 255},
}

func paint(i int) color.Color { return paints[i%len(paints)] }

// pictures writes the eigenvalues, the paths and the exponents of a model.
func pictures(out string, m *tracker, all [][]*mat.Dense, seen *walk, states []int32) error {
	var planes, paths []*plot.Plot
	for head := range m.heads {
		plane, err := eigenPlane(head, all)
		if err != nil {
			return err
		}
		path, err := pathOf(head, seen, states)
		if err != nil {
			return err
		}
		planes, paths = append(planes, plane), append(paths, path)
	}
	growth, err := growthOf(seen)
	if err != nil {
		return err
	}
	file := func(name string) string { return filepath.Join(out, m.name+"-"+name+".png") }
	if err := save(file("eigenvalues"), planes, 8); err != nil {
		return err
	}
	if err := save(file("path"), paths, 8); err != nil {
		return err
	}
	return save(file("exponents"), []*plot.Plot{growth}, 9)
}

// save draws plots in two columns, or one plot alone, in rows of that many centimeters.
func save(path string, plots []*plot.Plot, height vg.Length) error {
	var rows [][]*plot.Plot
	for ; len(plots) > 1; plots = plots[2:] {
		rows = append(rows, plots[:2])
	}
	if len(plots) == 1 {
		rows = append(rows, append(plots, make([]*plot.Plot, min(1, len(rows)))...))
	}
	picture := vgimg.New(18*vg.Centimeter, height*vg.Centimeter*vg.Length(len(rows)))
	tiles := draw.Tiles{Rows: len(rows), Cols: len(rows[0]), PadX: 4 * vg.Millimeter, PadY: 4 * vg.Millimeter}
	for i, row := range plot.Align(rows, tiles, draw.New(picture)) {
		for j, canvas := range row {
			if p := rows[i][j]; p != nil {
				p.Draw(canvas)
			}
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := (vgimg.PngCanvas{Canvas: picture}).WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// dots adds points of one color.
func dots(p *plot.Plot, xys plotter.XYs, paint color.Color, name string) error {
	s, err := plotter.NewScatter(xys)
	if err != nil {
		return err
	}
	s.GlyphStyle = draw.GlyphStyle{Color: paint, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
	p.Add(s)
	p.Legend.Add(name, s)
	return nil
}

// eigenPlane draws the eigenvalues of the transitions of a head in the complex plane, a color for each token.
func eigenPlane(head int, all [][]*mat.Dense) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("head %d", head+1)
	p.X.Label.Text, p.Y.Label.Text = "real part", "imaginary part"
	p.Add(plotter.NewGrid())
	most := 1.0
	for token := range all {
		var xys plotter.XYs
		for _, z := range eigenvalues(all[token][head]) {
			xys = append(xys, plotter.XY{X: real(z), Y: imag(z)})
			most = max(most, math.Abs(real(z)), math.Abs(imag(z)))
		}
		if err := dots(p, xys, paint(token), fmt.Sprintf("token %d", token)); err != nil {
			return nil, err
		}
	}
	most *= 1.1
	square(p, most)
	return p, nil
}

// square gives both axes the range from -most to most, and the legend room beside it.
func square(p *plot.Plot, most float64) {
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -most, most*(1+2*legendRoom/(1-legendRoom)), -most, most
	p.Legend.Top = true
}

// pathOf draws the directions of a head's state at the first positions, a color for each true state: the first two
// coordinates, joined from each position to the next, or for a state of one number this number by position.
func pathOf(head int, seen *walk, states []int32) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("head %d", head+1)
	p.X.Label.Text, p.Y.Label.Text = "position", "x / max|x|"
	shown := shownLine
	if seen.width > 1 {
		shown = shownPlane
		p.X.Label.Text, p.Y.Label.Text = "first coordinate of x / max|x|", "second coordinate"
	}
	byState := map[int32]plotter.XYs{}
	var path plotter.XYs
	last := int32(0)
	for t, s := range states[:min(shown, len(states))] {
		xy := plotter.XY{X: float64(t + 1), Y: seen.direction[head][t*seen.width]}
		if seen.width > 1 {
			xy = plotter.XY{X: xy.Y, Y: seen.direction[head][t*seen.width+1]}
		}
		path, byState[s], last = append(path, xy), append(byState[s], xy), max(last, s)
	}
	line, err := plotter.NewLine(path)
	if err != nil {
		return nil, err
	}
	line.Color, line.Width = color.Gray{Y: 215}, vg.Points(0.4)
	p.Add(line)
	for s := range last + 1 {
		if err := dots(p, byState[s], paint(int(s)), fmt.Sprintf("state %d", s)); err != nil {
			return nil, err
		}
	}
	square(p, 1.15)
	if seen.width == 1 {
		p.X.Min, p.X.Max = 0, float64(len(path))/(1-legendRoom)
	}
	return p, nil
}

// growthOf draws the exponents of all heads by position on logarithmic axes, beside the ranges of floats. Exponents below
// 1 are drawn at 1.
func growthOf(seen *walk) (*plot.Plot, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "position", "exponent of the largest entry (base 2)"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	length := len(seen.exponent[0])
	for head, exponents := range seen.exponent {
		var xys plotter.XYs
		for t := 1; t <= length; t += 1 + t/50 { // evenly enough on a logarithmic axis
			xys = append(xys, plotter.XY{X: float64(t), Y: float64(max(1, exponents[t-1]))})
		}
		line, err := plotter.NewLine(xys)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = paint(head), vg.Points(1.2)
		p.Add(line)
		p.Legend.Add(fmt.Sprintf("head %d", head+1), line)
	}
	for _, limit := range []struct {
		bits float64
		name string
	}{{float32Bits, "float32 overflows"}, {float64Bits, "float64 overflows"}} {
		line, err := plotter.NewLine(plotter.XYs{{X: 1, Y: limit.bits}, {X: float64(length), Y: limit.bits}})
		if err != nil {
			return nil, err
		}
		line.Dashes = []vg.Length{vg.Points(limit.bits / 128 * 2), vg.Points(3)}
		p.Add(line)
		p.Legend.Add(limit.name, line)
	}
	p.Y.Min = 1
	return p, nil
}
