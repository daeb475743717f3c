package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "lyapunov.png")
	var text strings.Builder
	if err := run(&text, 4000, "", out); err != nil {
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
	if err := run(&text, 4000, "nothing of that name", ""); err == nil {
		t.Error("no error for an unknown system")
	}
}
