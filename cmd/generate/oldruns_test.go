//go:build amd64 && !noasm

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOldRunsGenerate: run folders that earlier versions wrote give the text that those versions gave.
func TestOldRunsGenerate(t *testing.T) {
	const runs = "../../train/testdata/runs"
	text, err := os.ReadFile(filepath.Join(runs, "expected.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, want, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(name, "text-") {
			continue // of tasks: package train's test
		}
		var out, stderr bytes.Buffer
		args := []string{"-from", filepath.Join(runs, name), "-n", "60", "-prompt", "12 times"}
		if code := run(context.Background(), args, &textWriter{out: &out}, &out, &stderr); code != 0 {
			t.Errorf("%s: exit code %d: %s", name, code, stderr.String())
			continue
		}
		sum := sha256.Sum256(out.Bytes())
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s: the text's sum is %s, want %s:\n%s", name, got, want, out.String())
		}
	}
}
