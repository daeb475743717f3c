package metrics

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// at is an evaluation at one length.
func at(step int64, split string, length int, accuracy, sequences float64) Record {
	r := valid(step, 2)
	r.Split, r.Length, r.BPB, r.Accuracy, r.SequenceAccuracy = split, length, Unknown, accuracy, sequences
	return r
}

func ExampleConsole_ByLength() {
	c := NewConsole(os.Stdout, 0, 600, true)
	c.ByLength([]Record{at(400, Valid, 32, 0.995, 0.9375), at(400, "valid-256", 256, 0.5, 0)}, "(best)")
	step := train(410, 0.25)
	step.Length, step.BPB, step.TokensPerSec = 16, Unknown, Unknown
	c.Step(step)
	// Output:
	// step 400/600  validation by length
	//      length       loss   accuracy  sequences
	//          32     2.0000      99.5%      93.8%  (best)
	//         256     2.0000      50.0%       0.0%
	// step 410/600  length 16  loss 0.2500  lr 1.00e-03  norm 0.5  ETA -
}

// TestByLengthOfText: columns that are not known are left out.
func TestByLengthOfText(t *testing.T) {
	var out bytes.Buffer
	c := NewConsole(&out, 0, 9, true)
	r := at(3, Valid, 8, Unknown, Unknown)
	r.BPB = 1.5
	c.ByLength([]Record{r}, "")
	if want := "step 3/9  validation by length\n     length       loss        bpb\n          8     2.0000     1.5000\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestAccuracyCurves: those of the last evaluation at several lengths, sorted by length.
func TestAccuracyCurves(t *testing.T) {
	old := []Record{at(100, Valid, 32, 0.1, 0), at(100, "valid-64", 64, 0.2, 0)}
	last := []Record{train(200, 1), at(200, Valid, 64, 0.9, 0.5), at(200, "valid-256", 256, 0.6, 0.25), at(200, "valid-32", 32, 1, 1), train(210, 1)}
	want := "[{accuracy at step 200 [[32 1] [64 0.9] [256 0.6]] true} {sequences all correct [[32 1] [64 0.5] [256 0.25]] true}]"
	if got := fmt.Sprint(AccuracyCurves(append(old, last...))); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for i := range last {
		last[i].SequenceAccuracy = math.NaN()
	}
	if got := AccuracyCurves(last); len(got) != 1 {
		t.Errorf("without sequences: %v", got)
	}
	for _, none := range [][]Record{nil, {train(1, 2)}, old[:1], {old[0], at(100, "x", 32, 0.5, 0.5)}, {at(1, Valid, 8, Unknown, Unknown), at(1, "v", 9, Unknown, Unknown)}} {
		if got := AccuracyCurves(none); got != nil {
			t.Errorf("%v of %v", got, none)
		}
	}
}

// TestAccuracyPlot: the picture is drawn with the log's others.
func TestAccuracyPlot(t *testing.T) {
	dir := t.TempDir()
	log, err := OpenLog(dir, 0, func(Record) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for _, r := range []Record{at(1, Valid, 32, 1, 1), at(1, "valid-2x", 64, 0.5, 0)} {
		if err := log.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Plot(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "accuracy.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Error(err)
	}
}
