package main

import (
	"fmt"
	"math"

	"goomtrain/checkpoints"
)

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// statisticsRow is the statistics of a tensor as cells.
func statisticsRow(s checkpoints.Statistics) string {
	bad := "-"
	if s.NonFinite > 0 {
		bad = fmt.Sprint(s.NonFinite)
	}
	return fmt.Sprintf("\t%s\t%s\t%s\t%s\t%s", number(s.Mean), number(s.Deviation), number(s.Smallest), number(s.Largest), bad)
}
