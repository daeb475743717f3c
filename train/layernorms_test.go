package train

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/train/metrics"
)

// TestGradNorms: records of steps with an evaluation have the norms of all layers, whose squares add up to that of the
// global norm, and no other records have them.
func TestGradNorms(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	call, err := Parse([]string{"-model", "goom-rnn", "-preset", "nano", "-d-emb", "16", "-batch", "2", "-task", "parity", "-seq", "8", "-steps", "9", "-eval-every", "4", "-log-every", "1",
		"-freeze", "lnorm.*", "-out", dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Launch(context.Background(), call.Config, new(strings.Builder)); err != nil {
		t.Fatal(err)
	}
	records, err := metrics.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if has := r.Split == metrics.Train && r.Step%4 == 0; has != (r.GradNorms != nil) {
			t.Errorf("step %d, %s: norms %v", r.Step, r.Split, r.GradNorms)
		} else if !has {
			continue
		}
		sum := 0.0
		for _, name := range []string{"head", "res_layers.0", "res_layers.1"} {
			sum += r.GradNorms[name] * r.GradNorms[name]
		}
		if len(r.GradNorms) != 3 || math.Abs(math.Sqrt(sum)-r.GradNorm) > 1e-6*r.GradNorm {
			t.Errorf("step %d: norms %v, together %v", r.Step, r.GradNorms, r.GradNorm)
		}
	}
}
