//go:build amd64 && !noasm

package train_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train"
)

// TestOldRunsResume: run folders that earlier versions wrote go on, bit for bit as those versions would
// have. testdata/runs/expected.txt holds the SHA-256 of the weights after 40 steps by the version that
// wrote them, or by the last one that changed a model's rounding on purpose.
func TestOldRunsResume(t *testing.T) {
	text, err := os.ReadFile("testdata/runs/expected.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, want, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(name, "recall-") {
			continue // of text: cmd/generate's test
		}
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata/runs", name))); err != nil {
				t.Fatal(err)
			}
			call, err := train.Parse([]string{"-resume", dir, "-steps", "40"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := train.Launch(context.Background(), call.Config, new(bytes.Buffer)); err != nil {
				t.Fatal(err)
			}
			if got := sumOfWeights(t, checkpoints.StepDir(dir, 40)); got != want {
				t.Errorf("the weights' sum is %s, want %s", got, want)
			}
		})
	}
}

// sumOfWeights returns the SHA-256 of a safetensors file that holds the weights of a checkpoint under the names of the
// parameters, whatever names the checkpoint has for them.
func sumOfWeights(t *testing.T, dir string) string {
	t.Helper()
	saved, err := models.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	var arrays []params.Array
	if saved.Setting("dtype") == "float64" {
		arrays = valuesOf[float64](t, saved)
	} else {
		arrays = valuesOf[float32](t, saved)
	}
	h := sha256.New()
	if err := checkpoints.WriteTensors(h, arrays, map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func valuesOf[F params.Float](t *testing.T, saved models.Saved) []params.Array {
	t.Helper()
	model, err := models.Load[F](saved, false)
	if err != nil {
		t.Fatal(err)
	}
	return params.Values(model.Params())
}
