package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"goomtrain/internal/regular"
)

// A bar is an interval of a trace, in microseconds.
type bar struct {
	name, kind string
	begin, end float64
}

// readTrace returns the bars of a process.
func readTrace(path string) (bars []bar, err error) {
	text, err := regular.ReadFile(path, 1<<28)
	if err != nil {
		return nil, err
	}
	var file struct {
		TraceEvents []struct {
			Name, Cat, Ph string
			Ts, Dur       float64
			ID            int
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	open := map[int]bar{}
	for _, e := range file.TraceEvents {
		switch e.Ph {
		case "X":
			bars = append(bars, bar{e.Name, e.Cat, e.Ts, e.Ts + e.Dur})
		case "b":
			open[e.ID] = bar{e.Name, e.Cat, e.Ts, e.Ts}
		case "e":
			b := open[e.ID]
			b.end = e.Ts
			bars = append(bars, b)
		}
	}
	return bars, nil
}

// colors of the rows of a process, from the bottom up.
var colors = []struct {
	row   string
	color color.Color
}{
	{"sends", color.RGBA{0xd9, 0x8a, 0x29, 0xff}},
	{"waits", color.RGBA{0xb2, 0x3a, 0x48, 0xff}},
	{"computes", color.RGBA{0x2a, 0x6f, 0x97, 0xff}},
}

// row returns the row of a bar.
func (b bar) row() int {
	switch b.kind {
	case "message":
		return 0
	case "exchange":
		return 1
	}
	return 2
}

// drawTrace draws a step of all processes. Messages of gradients that a process sends are drawn from the moment at which the
// gradient is complete until it has left.
func drawTrace(dir, picture string, step int) error {
	files, err := filepath.Glob(filepath.Join(dir, "trace-*.json"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%s has no trace-0.json, as a run of several processes leaves when it is profiled", dir)
	}
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "milliseconds", " " // with room for the names
	var names []string
	first := 0.0
	for r := len(files) - 1; r >= 0; r-- {
		bars, err := readTrace(filepath.Join(dir, fmt.Sprintf("trace-%d.json", r)))
		if err != nil {
			return err
		}
		begin, end, ok := stepOf(bars, step)
		if !ok {
			return fmt.Errorf("the trace of rank %d has no step %d", r, step)
		}
		if first == 0 {
			first = begin
		}
		for _, b := range bars {
			if b.begin < begin || b.end > end || strings.Contains(b.name, " from ") {
				continue
			}
			y := float64(len(names) + b.row())
			box, err := plotter.NewPolygon(plotter.XYs{
				{X: (b.begin - first) / 1000, Y: y - 0.35}, {X: (b.end - first) / 1000, Y: y - 0.35},
				{X: (b.end - first) / 1000, Y: y + 0.35}, {X: (b.begin - first) / 1000, Y: y + 0.35},
			})
			if err != nil {
				return err
			}
			box.Color = colors[b.row()].color
			box.LineStyle.Width = vg.Points(0.3)
			box.LineStyle.Color = color.White
			p.Add(box)
		}
		for _, c := range colors {
			names = append(names, fmt.Sprintf("rank %d %s", r, c.row))
		}
	}
	p.NominalY(names...)
	return p.Save(22*vg.Centimeter, vg.Length(len(names))*0.8*vg.Centimeter+2*vg.Centimeter, picture)
}

// stepOf returns when a step of a trace begins and ends.
func stepOf(bars []bar, step int) (begin, end float64, ok bool) {
	computes := false
	n := 0
	for _, b := range bars {
		switch {
		case strings.HasPrefix(b.name, "micro-batch"):
			if !computes {
				computes = true
				if n++; n == step {
					begin = b.begin
				}
			}
		case b.name == "gather weights":
			computes = false
			if n == step {
				return begin, b.end, true
			}
		}
	}
	return 0, 0, false
}
