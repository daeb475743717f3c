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

// writeAccuracyPlot draws the curves of AccuracyCurves with a logarithmic scale of lengths.
func writeAccuracyPlot(path string, curves []Curve) error {
	p, err := newPlot("", "length", "accuracy", curves)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p.Y.Min, p.Y.Max = 0, 1.15 // the legend stands above 1
	p.X.Scale = plot.LogScale{}
	var ticks []plot.Tick
	for _, point := range curves[0].Points {
		ticks = append(ticks, plot.Tick{Value: point[0], Label: strconv.Itoa(int(point[0]))})
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	return writePNG(path, p)
}
