package metrics

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"goomtrain/internal/printable"
)

// A Confusion counts which class a model takes for which: row c has, for each class, the number of sequences of class c
// that the model gave to it. A row may have one further element: those given to none, as by a model of the next token.
type Confusion [][]int

// MaxConfusion is the largest number of classes whose Confusion a Record may hold: with more, a line of metrics.jsonl
// would be too long.
const MaxConfusion = 100

// MaxCounted is the largest number of classes that are counted in a Confusion, whose memory grows with its square.
const MaxCounted = 2048

// NewConfusion returns the counts of no sequences.
func NewConfusion(classes int) Confusion {
	c := make(Confusion, classes)
	for i := range c {
		c[i] = make([]int, classes)
	}
	return c
}

// Add counts a sequence of a class. predicted may be any number: what is no class is none.
func (c Confusion) Add(class, predicted int) {
	if predicted < 0 || predicted >= len(c) {
		if predicted = len(c); len(c[class]) == len(c) {
			c[class] = append(c[class], 0)
		}
	}
	c[class][predicted]++
}

// A ClassScore is the result of a model on one class.
type ClassScore struct {
	Precision float64 `json:"precision"` // share of the sequences given to the class that are of it; 0 if there are none
	Recall    float64 `json:"recall"`    // share of the sequences of the class that are given to it; 0 if there are none
	F1        float64 `json:"f1"`        // harmonic mean of both, 0 if both are 0
	Count     int     `json:"count"`     // sequences of the class
}

// Scores returns the results on each class.
func (c Confusion) Scores() []ClassScore {
	scores, given := make([]ClassScore, len(c)), make([]int, len(c))
	for i, row := range c {
		for j, n := range row {
			scores[i].Count += n
			if j < len(c) {
				given[j] += n
			}
		}
	}
	for i := range scores {
		right := float64(c[i][i])
		scores[i].Precision = right / float64(max(given[i], 1))
		scores[i].Recall = right / float64(max(scores[i].Count, 1))
		scores[i].F1 = 2 * right / float64(max(given[i]+scores[i].Count, 1))
	}
	return scores
}

// check returns an error if counts from a file are not those of a Confusion.
func (c Confusion) check() error {
	for i, row := range c {
		if len(row) != len(c) && len(row) != len(c)+1 {
			return fmt.Errorf("confusion: row %d has %d numbers, want %d or %d", i, len(row), len(c), len(c)+1)
		}
		for _, n := range row {
			if n < 0 {
				return fmt.Errorf("confusion: row %d has a negative count", i)
			}
		}
	}
	return nil
}

// longestName is the number of characters of a class that tables show.
const longestName = 24

// WriteTable writes the results on each class, their mean over the classes that sequences are of or were given to, and,
// of at most 20 classes, the counts. Names that are missing are the numbers of the classes.
func (c Confusion) WriteTable(w io.Writer, names []string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "class\tprecision\trecall\tF1\tcount\t\n")
	var sum ClassScore
	seen := 0 // classes that appear
	for i, s := range c.Scores() {
		fmt.Fprintf(t, "%s\t%.2f%%\t%.2f%%\t%.2f%%\t%d\t\n", className(names, i), 100*s.Precision, 100*s.Recall, 100*s.F1, s.Count)
		sum.Precision += s.Precision
		sum.Recall += s.Recall
		sum.F1 += s.F1
		sum.Count += s.Count
		if s.Count > 0 || slices.ContainsFunc(c, func(row []int) bool { return row[i] > 0 }) {
			seen++
		}
	}
	share := 100 / float64(max(seen, 1))
	fmt.Fprintf(t, "mean\t%.2f%%\t%.2f%%\t%.2f%%\t%d\t\n", share*sum.Precision, share*sum.Recall, share*sum.F1, sum.Count)
	if err := t.Flush(); err != nil || len(c) > 20 {
		return err
	}
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\nof, given to\t")
	for i := range c {
		fmt.Fprintf(t, "%s\t", className(names, i))
	}
	fmt.Fprintln(t)
	for i, row := range c {
		fmt.Fprintf(t, "%s\t", className(names, i))
		for j, n := range row {
			if j == len(c) {
				fmt.Fprintf(t, "none: ")
			}
			fmt.Fprintf(t, "%d\t", n)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// className is the name of a class as tables and pictures show it.
func className(names []string, class int) string {
	if class < len(names) {
		return printable.Short(names[class], longestName)
	}
	return fmt.Sprint(class)
}
