// Package nearest finds the valid name that a misspelled one probably stands for, so that an error about an
// unknown task, model or flag can suggest it.
package nearest

import (
	"fmt"
	"strings"

	"goomtrain/internal/printable"
)

// Name returns the valid name with the smallest edit distance from got, the first of equals. It returns "" if
// all of them differ in more than about a third of their letters. Letter case, and the difference between - and
// _, do not count.
func Name(got string, valid []string) string {
	best, fewest := "", 0
	for _, v := range valid {
		a, b, most := fold(got), fold(v), max(1, min(len(got), len(v))/3)
		if max(len(a), len(b))-min(len(a), len(b)) > most { // each missing letter is an edit
			continue
		}
		if n := edits(a, b); n <= most && (best == "" || n < fewest) {
			best, fewest = v, n
		}
	}
	return best
}

// Hint returns what to append to an error message about an unknown name: `; did you mean "x"?` or, if no name
// is near, the list of valid names. Names are made printable; of a long list, and of a long name, the beginning is shown.
func Hint(got string, valid []string) string {
	if name := Name(got, valid); name != "" {
		return fmt.Sprintf("; did you mean %q?", name)
	}
	const most, longest = 100, 60
	text := "; valid names: "
	for i, v := range valid[:min(most, len(valid))] {
		if i > 0 {
			text += ", "
		}
		text += printable.Short(v, longest)
	}
	if more := len(valid) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }

// edits is the optimal string alignment distance: insertions, deletions, substitutions and swaps of
// neighbors, each one edit.
func edits(a, b string) int {
	var before, last, row []int // rows i-2, i-1 and i of the table of distances between prefixes
	for i := range len(a) + 1 {
		before, last, row = last, row, make([]int, len(b)+1)
		for j := range row {
			switch {
			case i == 0:
				row[j] = j
			case j == 0:
				row[j] = i
			default:
				change := 1
				if a[i-1] == b[j-1] {
					change = 0
				}
				row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					row[j] = min(row[j], before[j-2]+1)
				}
			}
		}
	}
	return row[len(b)]
}
