package main

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestRun makes all figures at small sizes: every picture is there and every table has its rows, with the
// paper's numbers where they do not depend on the machine.
func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "figures")
	var text strings.Builder
	if err := run(&text, out, 200, 1024); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"packing", "contexts", "error8", "error16", "error32", "streaming"} {
		f, err := os.Open(filepath.Join(out, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if size := picture.Bounds(); size.Dx() < 300 || size.Dy() < 200 {
			t.Errorf("%s: a picture of %v", name, size)
		}
	}
	for _, row := range []string{
		"| 8 | 4 | 5265 | 1485 | 3.55 | 6820 |",         // (1+8+64+512)*9 against C(11,3)*9
		"| 16 | 4 | 74273 | 16473 | 4.51 | 71364 |",     // C(19,3)*17
		"| 32 | 4 | 1116225 | 215985 | 5.17 | 902020 |", // C(35,3)*33
		"| 8 | 1485 | 6820 | 92 | 189 |",
	} {
		if !strings.Contains(text.String(), row+"\n") {
			t.Errorf("no row %s", row)
		}
	}
	if want := "Head size 16: the cost model puts the crossing at a context of 546,"; !strings.Contains(text.String(), want) {
		t.Errorf("no line %q", want)
	}
	distances, times := numbers(t, text.String(), "Mean distance"), numbers(t, text.String(), "Time per token")
	if len(distances) != 12 || len(times) != 6 {
		t.Fatalf("%d rows of distances and %d of times, want 12 and 6:\n%s", len(distances), len(times), text.String())
	}
	for i, row := range distances {
		if row[4] <= 0 || row[4] > 0.2 || row[1] > 3 && row[4] >= distances[i-1][4] {
			t.Errorf("head size %v, %v terms: distances %v", row[0], row[1], row[2:])
		}
	}
	for i, row := range times {
		if row[0] != float64(int(32)<<i) || row[1] <= 0 || row[2] <= 0 || row[3] <= 0 || row[4] <= 0 {
			t.Errorf("times %v", row)
		}
	}
}

// numbers are the rows of the table under a heading.
func numbers(t *testing.T, text, heading string) (rows [][]float64) {
	t.Helper()
	_, table, found := strings.Cut(text, heading)
	if !found {
		t.Fatalf("no heading %q", heading)
	}
	_, table, _ = strings.Cut(table, "|---")
	_, table, _ = strings.Cut(table, "\n")
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		var row []float64
		for _, cell := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			x, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
			if err != nil {
				t.Fatal(fmt.Errorf("%s: %w", line, err))
			}
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	return rows
}

// TestRunReportsErrors: a folder that cannot be made is an error, not a panic.
func TestRunReportsErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(&strings.Builder{}, filepath.Join(file, "figures"), 200, 1024); err == nil {
		t.Error("no error")
	}
}
