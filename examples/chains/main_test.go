package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The paper's claim in small: floats overflow where theory puts it (the largest element grows by about
// e^0.98 = sqrt(8) * e^-0.06 a product at d = 8), GOOMs end only by the steps asked for.
func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "chains.png")
	o := options{steps: 5000, budget: time.Minute, seed: 1, out: out}
	if err := o.parse("8, 16"); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := run(&text, o); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	rows := strings.Split(text.String(), "\n")
	if f := strings.Fields(rows[1]); f[0] != "8" || f[3] != "5000" || f[6] != "steps" || !strings.Contains(f[4], "e+2") {
		t.Errorf("row of d = 8: %q", rows[1])
	}
	if info, err := os.Stat(out); err != nil || info.Size() == 0 {
		t.Errorf("picture: %v", err)
	}
	if n, err := overflow[float32](8, o); err != nil || n < 70 || n > 110 {
		t.Errorf("float32 overflows at product %d, error %v, want near 92", n, err)
	}
	if n, err := overflow[float64](8, o); err != nil || n < 650 || n > 800 {
		t.Errorf("float64 overflows at product %d, error %v, want near 731", n, err)
	}
}

func TestBadOptions(t *testing.T) {
	for _, dims := range []string{"", "8,x", "0", "-3", "100000"} {
		if err := (&options{steps: 1}).parse(dims); err == nil {
			t.Errorf("-dims %q: no error", dims)
		}
	}
	if err := (&options{steps: 0}).parse("8"); err == nil {
		t.Error("-steps 0: no error")
	}
}
