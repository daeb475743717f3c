package metrics

import (
	"fmt"
	"image/color"
	"io"
	"strconv"
	"unicode/utf8"

	"goomtrain/internal/atomicfile"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// WriteConfusionPlot draws the counts as a heat map, the classes from top to bottom and what they are given to from left
// to right, and writes a PNG file atomically. Colors are shares of the sequences of a class. Up to 20 classes the counts
// stand in the cells. A name with a character that the font of pictures lacks is replaced by the number of the class.
func WriteConfusionPlot(path string, c Confusion, names []string) error {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "given to", "class"
	heat := plotter.NewHeatMap(newShares(c), blues{})
	heat.Min, heat.Max = 0, 1
	p.Add(heat)
	labels := classLabels(p.X.Tick.Label, names, len(c))
	var x, y []plot.Tick
	for i, label := range labels {
		x = append(x, plot.Tick{Value: float64(i), Label: label})
		y = append(y, plot.Tick{Value: float64(len(c) - 1 - i), Label: label})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(x), plot.ConstantTicks(y)
	if len(c) > 10 || longName(labels) {
		p.X.Tick.Label.Rotation = 0.6
		p.X.Tick.Label.XAlign = text.XRight
	}
	if len(c) <= 20 {
		counts, err := cellCounts(c)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		p.Add(counts)
	}
	side := vg.Length(10+min(len(c), 30)) * vg.Centimeter * 2 / 3
	to, err := p.WriterTo(side+4*vg.Centimeter, side+2*vg.Centimeter, "png")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := to.WriteTo(w)
		return err
	})
}

// classLabels are the names of the classes, or the numbers of those that cannot be drawn in a style.
func classLabels(style text.Style, names []string, classes int) []string {
	font := plot.DefaultTextHandler.Cache().Lookup(style.Font, style.Font.Size).Face
	labels := make([]string, classes)
	for i := range labels {
		labels[i] = className(names, i)
		for _, r := range labels[i] {
			if glyph, err := font.GlyphIndex(nil, r); err != nil || glyph == 0 {
				labels[i] = strconv.Itoa(i)
				break
			}
		}
	}
	return labels
}

// blues are colors from white to blue.
type blues struct{}

// Colors implements palette.Palette.
func (blues) Colors() []color.Color {
	colors := make([]color.Color, 256)
	for i := range colors {
		x := float64(i) / 255
		colors[i] = color.RGBA{uint8(255 - 200*x), uint8(255 - 135*x), uint8(255 - 55*x), 255}
	}
	return colors
}

// shares is the grid of a heat map: what share of the sequences of a class is given to which, the first class on top.
type shares [][]float64

func newShares(c Confusion) shares {
	grid := make(shares, len(c))
	for i, score := range c.Scores() {
		for _, n := range c[i][:len(c)] {
			grid[i] = append(grid[i], float64(n)/float64(max(score.Count, 1)))
		}
	}
	return grid
}

// Dims, Z, X and Y implement plotter.GridXYZ.
func (s shares) Dims() (columns, rows int) { return len(s), len(s) }
func (s shares) Z(column, row int) float64 { return s[len(s)-1-row][column] }
func (s shares) X(column int) float64      { return float64(column) }
func (s shares) Y(row int) float64         { return float64(row) }

// longName reports whether names of classes are too long to stand side by side.
func longName(names []string) bool {
	for _, name := range names {
		if utf8.RuneCountInString(name) > 4 {
			return true
		}
	}
	return false
}

// cellCounts are the counts, except zeros, each in the middle of its cell.
func cellCounts(c Confusion) (*plotter.Labels, error) {
	var at plotter.XYLabels
	for i, row := range c {
		for j, n := range row[:len(c)] {
			if n > 0 {
				at.XYs = append(at.XYs, plotter.XY{X: float64(j), Y: float64(len(c) - 1 - i)})
				at.Labels = append(at.Labels, strconv.Itoa(n))
			}
		}
	}
	labels, err := plotter.NewLabels(at)
	if err != nil {
		return nil, err
	}
	for i := range labels.TextStyle {
		labels.TextStyle[i].XAlign, labels.TextStyle[i].YAlign = text.XCenter, text.YCenter
	}
	return labels, nil
}
