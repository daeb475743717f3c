package train

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/internal/simd"
)

// TestReducedPrecision: with -matmul bf16 a run is resumed bit for bit, with any number of threads; it is another run than
// in float32, which the next run of the process has again.
func TestReducedPrecision(t *testing.T) {
	if !hasTiles() {
		t.Skip("no AMX tiles here (amx-bf16): products in bfloat16 would be slow")
	}
	defer simd.SetThreads(0)
	dir := t.TempDir()
	run := func(name string, pairs ...string) string {
		t.Helper()
		cfg := selected(t, Selection{Preset: "nano", Model: "softmax-attention"})
		set(t, &cfg, append([]string{"data", "matmul_test.go", "seq", "64", "batch", "8", "schedule-steps", "6", "eval-every", "3", "eval-batches", "1", "save-every", "3",
			"sample", "20", "log-every", "1", "device", "cpu", "cache-dir", "off"}, pairs...)...)
		if cfg.Resume == "" {
			cfg.Out = filepath.Join(dir, name)
		}
		var console bytes.Buffer
		if _, err := Launch(context.Background(), cfg, &console); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if said := strings.Contains(console.String(), "\nproducts in bf16, sums and weights in float32\n"); said != (cfg.MatMul == "bf16") {
			t.Errorf("%s, -matmul %s: %s", name, cfg.MatMul, console.String())
		}
		return console.String()
	}
	whole, cut, before, after := filepath.Join(dir, "whole"), filepath.Join(dir, "cut"), filepath.Join(dir, "before"), filepath.Join(dir, "after")
	run("before", "steps", "6")
	run("whole", "steps", "6", "matmul", "bf16")
	run("after", "steps", "6")
	sameCheckpoint(t, before, after, 6)
	simd.SetThreads(1)
	run("cut", "steps", "3", "matmul", "bf16")
	simd.SetThreads(3)
	run("cut", "steps", "6", "matmul", "bf16", "resume", cut)
	sameCheckpoint(t, whole, cut, 6)
	if x, y := measured(t, whole), measured(t, before); x[0] == y[0] || x[len(x)-1] == y[len(y)-1] {
		t.Errorf("the runs in bf16 and in float32 are the same: %s", x[0])
	}

	console := run("cut", "steps", "7", "matmul", "float32", "resume", cut)
	if !strings.Contains(console, "note: matmul changes from bf16 to float32") {
		t.Errorf("the change of precision is not said: %s", console)
	}
}

func TestReducedPrecisionErrors(t *testing.T) {
	defer func(before func() bool) { hasTiles = before }(hasTiles)
	for _, c := range []struct {
		tiles bool
		pairs []string
		want  string
	}{
		{false, nil, "-matmul bf16: this CPU has no AMX tiles (amx-bf16): give -matmul float32"},
		{true, []string{"dtype", "float64"}, "-matmul bf16: only products of float32 are rounded: leave out -dtype float64, or give -matmul float32"},
	} {
		hasTiles = func() bool { return c.tiles }
		cfg := selected(t, Selection{Preset: "nano"})
		set(t, &cfg, append([]string{"device", "cpu", "matmul", "bf16", "data", "matmul_test.go", "cache-dir", "off", "seq", "8", "batch", "2", "steps", "2", "out", filepath.Join(t.TempDir(), "run")}, c.pairs...)...)
		if _, err := Launch(context.Background(), cfg, &bytes.Buffer{}); err == nil || err.Error() != c.want {
			t.Errorf("AMX %v, %v: error %v, want %q", c.tiles, c.pairs, err, c.want)
		}
	}
}
