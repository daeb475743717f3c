package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// none stands in tables for what is not known.
const none = "–"

// percent writes a share with one digit after the point. Only all is 100.0 and only nothing is 0.0: what rounds to
// them has two digits, rounded away from them.
func percent(x float64) string {
	p := 100 * x
	switch {
	case math.IsNaN(x):
		return none
	case p < 100 && p >= 99.95:
		return fmt.Sprintf("%.2f", math.Floor(100*p)/100)
	case p > 0 && p < 0.05:
		return fmt.Sprintf("%.2f", math.Ceil(100*p)/100)
	}
	return fmt.Sprintf("%.1f", p)
}

// nats writes a loss.
func nats(x float64) string {
	if math.IsNaN(x) {
		return none
	}
	return fmt.Sprintf("%.3f", x)
}

// whole writes a number of steps or seconds.
func whole(x float64) string { return fmt.Sprintf("%.0f", x) }

// median returns the median, NaN of no numbers.
func median(xs []float64) float64 {
	sorted := slices.Sorted(slices.Values(xs))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// spread writes the median with the lowest and the highest number in parentheses, without them where all look the same.
func spread(xs []float64, text func(float64) string) string {
	if len(xs) == 0 {
		return none
	}
	middle, low, high := text(median(xs)), text(slices.Min(xs)), text(slices.Max(xs))
	if low == high {
		return middle
	}
	return fmt.Sprintf("%s (%s–%s)", middle, low, high)
}

// table writes a Markdown table, "No run is stored yet." without rows.
func table(header []string, rows [][]string) string {
	if len(rows) == 0 {
		return "No run is stored yet.\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(header, " | "), strings.Repeat("---|", len(header)))
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String()
}

// fold breaks a command at spaces into lines of at most width characters, where its words permit, for a shell. A flag
// and its value stay on one line.
func fold(command string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Split(strings.ReplaceAll(command, " -", "\x00-"), "\x00") {
		if i > 0 && column+1+len(word)+len(` \`) > width {
			b.WriteString(" \\\n   ")
			column = 3
		}
		if i > 0 {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
