package main

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"goomtrain/internal/printable"
	"goomtrain/train/metrics"
)

// plotRuns draws the training and validation losses of all runs.
func (r *report) plotRuns(runs []*runInfo) {
	if len(runs) == 0 {
		r.fail(errors.New("plot: no run folder given"))
		return
	}
	var all []metrics.Record
	for _, run := range runs {
		all = append(all, run.records...)
	}
	_, unit := metrics.LossCurves(all) // one unit for all
	var curves []metrics.Curve
	for _, run := range runs {
		records := append([]metrics.Record(nil), run.records...)
		if unit == metrics.NatsPerToken {
			for i := range records {
				records[i].BPB = math.NaN()
			}
		}
		own, _ := metrics.LossCurves(records)
		for _, c := range own {
			if c.Name == metrics.Train || c.Name == metrics.Valid {
				c.Name = filepath.Base(filepath.Clean(run.dir)) + " " + c.Name
				curves = append(curves, c)
			}
		}
	}
	if len(curves) == 0 {
		r.fail(errors.New("plot: the runs have logged nothing yet"))
		return
	}
	if err := metrics.WriteLossPlot(r.plot, "", "step", unit, curves); err != nil {
		r.fail(err)
		return
	}
	fmt.Fprintf(r.out, "losses of %s drawn in %s\n", printable.Count(len(runs), "run"), printable.Line(r.plot))
}
