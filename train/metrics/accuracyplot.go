package metrics

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
)

// AccuracyCurves returns the accuracy and the sequence accuracy against the length, of the last evaluation in which
// sets of at least two lengths have an accuracy. It returns nil if there is none.
func AccuracyCurves(records []Record) []Curve {
	for end := len(records); end > 0; {
		step := records[end-1].Step
		var sets []Record
		for ; end > 0 && records[end-1].Step == step; end-- {
			r := records[end-1]
			known := slices.ContainsFunc(sets, func(other Record) bool { return other.Length == r.Length })
			if r.Split != Train && r.Length > 0 && finite(r.Accuracy) && !known {
				sets = append(sets, r)
			}
		}
		if len(sets) > 1 {
			return accuracyCurves(sets)
		}
	}
	return nil
}

// accuracyCurves returns the curves of the records of one step.
func accuracyCurves(sets []Record) []Curve {
	slices.SortFunc(sets, func(a, b Record) int { return cmp.Compare(a.Length, b.Length) })
	tokens, sequences := Curve{Name: fmt.Sprintf("accuracy at step %d", sets[0].Step), Marked: true}, Curve{Name: "sequences all correct", Marked: true}
	for _, r := range sets {
		tokens.Points = append(tokens.Points, [2]float64{float64(r.Length), r.Accuracy})
		if finite(r.SequenceAccuracy) {
			sequences.Points = append(sequences.Points, [2]float64{float64(r.Length), r.SequenceAccuracy})
		}
	}
	if len(sequences.Points) == 0 {
		return []Curve{tokens}
	}
	return []Curve{tokens, sequences}
}

// WriteAccuracyPlot draws curves of an accuracy, 0 to 1, against the length of the sequences, with a logarithmic scale
// of lengths, and writes a PNG file atomically. y names the accuracy. Every length is at least 1.
func WriteAccuracyPlot(path, y string, curves []Curve) error {
	p, err := newPlot("", "length", y, curves)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p.Y.Min, p.Y.Max = 0, 1.05+0.05*float64(len(curves)) // the legend stands above 1
	p.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 0.2, Label: "0.2"}, {Value: 0.4, Label: "0.4"}, {Value: 0.6, Label: "0.6"},
		{Value: 0.8, Label: "0.8"}, {Value: 1, Label: "1"}}
	p.X.Scale = plot.LogScale{}
	var ticks []plot.Tick
	for _, c := range curves {
		for _, point := range c.Points {
			ticks = append(ticks, plot.Tick{Value: point[0], Label: strconv.Itoa(int(point[0]))})
		}
	}
	slices.SortFunc(ticks, func(a, b plot.Tick) int { return cmp.Compare(a.Value, b.Value) })
	p.X.Tick.Marker = plot.ConstantTicks(slices.Compact(ticks))
	return writePNG(path, p)
}
