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
	"goomtrain/train"
)

// TestOldRunsResume: run folders that earlier versions wrote go on, bit for bit as those versions would
// have. testdata/runs/expected.txt holds the SHA-256 of the weights after 40 steps by the version that
// wrote them.
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
			weights, err := os.ReadFile(filepath.Join(checkpoints.StepDir(dir, 40), "model.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(weights)
			if got := hex.EncodeToString(sum[:]); got != want {
				t.Errorf("the weights' sum is %s, want %s", got, want)
			}
		})
	}
}
