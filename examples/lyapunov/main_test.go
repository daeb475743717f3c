package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "lyapunov.png")
	var text strings.Builder
	list := *systems(flag.NewFlagSet("", flag.ContinueOnError))
	if err := run(&text, list, 4000, "", out); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	for _, name := range []string{"Lorenz,", "Rössler", "Hénon", "Lorenz-96 (40)", "coupled maps (8)"} {
		if !strings.Contains(text.String(), name) {
			t.Errorf("no table of %s", name)
		}
	}
	if info, err := os.Stat(out); err != nil || info.Size() == 0 {
		t.Errorf("picture: %v", err)
	}
	if err := run(&text, list, 4000, "nothing of that name", ""); err == nil {
		t.Error("no error for an unknown system")
	}
}

// The constants given are those of the system; others are refused by name.
func TestConstants(t *testing.T) {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	list := systems(flags)
	if err := flags.Parse([]string{"-lorenz", "16, 45.92, 4", "-rossler", "0.3,0.4,4.5", "-henon", "1.2,0.35", "-lorenz96", "6,5", "-coupled", "3,1.9,0.6"}); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		x, want float64 // the first component of F at (1, 2, x, 1, ..)
		dim     int
	}{{0, 16, 3}, {3, -5, 3}, {0, 1.8, 2}, {4, (2-1)*1 - 1 + 5, 6}, {0, 0.4*0.9 + 0.3*0.8, 3}} {
		s := (*list)[i]
		x, y := make([]float64, s.Dim), make([]float64, s.Dim)
		for j := range x {
			x[j] = 1
		}
		x[1] = 2
		if s.Dim > 2 {
			x[2] = c.x
		}
		s.F(y, x)
		if d := y[0] - c.want; s.Dim != c.dim || d > 1e-12 || d < -1e-12 {
			t.Errorf("%s: dimension %d, F = %v, want %d and %v", s.Name, s.Dim, y[0], c.dim, c.want)
		}
	}
	for _, bad := range [][]string{
		{"-lorenz", "1,2"}, {"-lorenz", "1,2,x"}, {"-henon", "1,NaN"}, {"-lorenz96", "0,8"}, {"-lorenz96", "4.5,8"}, {"-coupled", "1001,2,0.3"}, {"-rossler", "1,2,3,4"},
	} {
		if err := flags.Parse(bad); err == nil || !strings.Contains(err.Error(), bad[0][1:]) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
