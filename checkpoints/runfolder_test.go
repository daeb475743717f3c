package checkpoints

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNewRunFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	first, err := NewRunFolder("", "goom-rnn-text")
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewRunFolder("", "goom-rnn-text")
	if err != nil || second == first || !strings.HasSuffix(first, "goom-rnn-text") || filepath.Dir(first) != RunsDir {
		t.Errorf("%s and %s, error %v", first, second, err)
	}
	if again, err := NewRunFolder(first, ""); err != nil || again != first {
		t.Errorf("a folder in which nothing has happened is refused: %v", err)
	}
}

// TestNewRunFolderRefuses: whatever is left of a run keeps its folder from being trained over.
func TestNewRunFolderRefuses(t *testing.T) {
	for left, want := range map[string]string{
		ConfigFile:                  "already holds a run: resume it",
		"metrics.jsonl":             "whose config.toml is missing",
		"metrics.csv":               "whose config.toml is missing",
		"tb/events":                 "holds tb of a run",
		"checkpoints/step-00000001": "holds checkpoints/step-00000001 of a run",
	} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(left)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, left), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := NewRunFolder(dir, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", left, err, want)
		}
	}
}

func TestCheckResumable(t *testing.T) {
	dir := t.TempDir()
	if err := CheckResumable(dir); err != nil {
		t.Errorf("a run that has done nothing: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "metrics.jsonl"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := CheckResumable(dir); err == nil || !strings.Contains(err.Error(), "checkpoints is missing") {
		t.Errorf("metrics without checkpoints: %v", err)
	}
	if err := os.Mkdir(root(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := CheckResumable(dir); err != nil {
		t.Errorf("a run killed before its first save: %v", err)
	}
}

func TestRunFolder(t *testing.T) {
	run := t.TempDir()
	step := mustSave(t, run, stateOf(3), SaveOptions{})
	if _, err := RunFolder(run); err == nil || !strings.Contains(err.Error(), ConfigFile) {
		t.Errorf("without %s: %v", ConfigFile, err)
	}
	if err := os.WriteFile(filepath.Join(run, ConfigFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{run, step, filepath.Join(root(run), "last")} {
		dir, err := RunFolder(path)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := stat(t, dir), stat(t, run); !os.SameFile(a, b) {
			t.Errorf("%s: %s, want %s", path, dir, run)
		}
	}
	for at, path := range map[string]string{run: "checkpoints/last", root(run): "last", step: "."} {
		t.Chdir(at)
		if dir, err := RunFolder(path); err != nil || !os.SameFile(stat(t, dir), stat(t, run)) {
			t.Errorf("%s in %s: %s, error %v", path, at, dir, err)
		}
	}
	if _, err := RunFolder(filepath.Join(run, "none")); err == nil {
		t.Error("a path that does not exist")
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestNewestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := NewestRun(); err == nil || !strings.Contains(err.Error(), "no run") {
		t.Errorf("no runs: %v", err)
	}
	for i, name := range []string{"old[1]", "new", "older"} {
		dir := filepath.Join(RunsDir, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, ConfigFile)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-time.Duration([]int{5, 1, 9}[i]) * time.Hour)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if dir, err := NewestRun(); err != nil || filepath.Base(dir) != "new" {
		t.Errorf("%s, error %v", dir, err)
	}
}
