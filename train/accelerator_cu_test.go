//go:build gpu && fakecuda && linux && amd64

package train

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/train/metrics"
)

// The emulated driver has a GPU, but the tests that say nothing of a device are those of the CPU.
func init() { gpuBuilt = false }

// TestThroughTheDriver: 20 steps of goom-rnn nano through gorgonia.org/cu, on a CUDA driver that runs kernels on the emulator, have
// the losses of the CPU. A resumed run is the same to the bit, and goes on on the CPU.
func TestThroughTheDriver(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(name, device string, pairs ...string) []metrics.Record {
		t.Helper()
		cfg := selected(t, Selection{Model: "goom-rnn", Preset: "nano"})
		out := filepath.Join(dir, name)
		set(t, &cfg, append([]string{"data", text, "seq", "16", "batch", "2", "micro-batch", "1", "steps", "20", "schedule-steps", "20", "eval-every", "10",
			"eval-batches", "2", "save-every", "10", "log-every", "1", "sample", "0", "device", device}, pairs...)...)
		if cfg.Resume == "" {
			cfg.Out = out
		}
		var console bytes.Buffer
		if _, err := Launch(context.Background(), cfg, &console); err != nil {
			t.Fatal(err, console.String())
		}
		if onGPU := strings.Contains(console.String(), "driver for CUDA"); onGPU != (device == "gpu") {
			t.Errorf("-device %s:\n%s", device, console.String())
		}
		records, err := metrics.ReadFile(filepath.Join(out, "metrics.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		return records
	}
	want, got := run("cpu", "cpu"), run("gpu", "gpu")
	run("cut", "gpu", "steps", "10")
	resumed := run("cut", "gpu", "resume", filepath.Join(dir, "cut"))
	run("back", "gpu", "steps", "10")
	back := run("back", "cpu", "resume", filepath.Join(dir, "back"))
	if len(got) != len(want) || len(resumed) != len(want) || len(back) != len(want) || len(want) < 20 {
		t.Fatalf("%d, %d and %d records, want %d", len(got), len(resumed), len(back), len(want))
	}
	for i, w := range want {
		for name, r := range map[string]metrics.Record{"on the GPU": got[i], "on the GPU, then on the CPU": back[i]} {
			if d := math.Abs(r.Loss - w.Loss); !(d <= 1e-4*w.Loss) || r.Split != w.Split {
				t.Errorf("%s: step %d, %s: loss %v, on the CPU %v", name, w.Step, w.Split, r.Loss, w.Loss)
			}
		}
		if got[i].Loss != resumed[i].Loss {
			t.Errorf("step %d: loss %v, resumed %v", w.Step, got[i].Loss, resumed[i].Loss)
		}
	}
	for _, name := range []string{"model.safetensors", "optimizer.safetensors"} {
		at := filepath.Join("checkpoints", "step-00000020", name)
		a, err := os.ReadFile(filepath.Join(dir, "gpu", at))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "cut", at)); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs after a resume; error %v", name, err)
		}
	}
}
