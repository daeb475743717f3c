package models

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFindRun: an empty path means the newest run; the notes say which, and that a damaged state was left aside.
func TestFindRun(t *testing.T) {
	old, err := filepath.Abs("../train/testdata/runs/recall-goom-rnn")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	var notes []string
	note := func(text string) { notes = append(notes, text) }
	if _, _, err := FindRun("", note); err == nil || len(notes) > 0 {
		t.Errorf("without a run: error %v, notes %q", err, notes)
	}
	run := filepath.Join("runs", "r")
	if err := os.CopyFS(run, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	saved, used, err := FindRun("", note)
	if err != nil || used != run || saved.Config.Model != "goom-rnn" || len(notes) != 1 || notes[0] != "using the newest run, "+run {
		t.Fatalf("%s from %q, error %v, notes %q", saved.Config.Model, used, err, notes)
	}
	notes = nil
	if _, used, err = FindRun(run, note); err != nil || used != run || len(notes) > 0 {
		t.Errorf("%q, error %v, notes %q", used, err, notes)
	}
	weights := saved.Weights.ModelPath()
	if err := os.WriteFile(filepath.Join(filepath.Dir(weights), "state.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(run, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(weights), "config.toml"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, used, err = FindRun(weights, note); err != nil || used != weights || len(notes) != 1 || !strings.Contains(notes[0], "without its state.json") {
		t.Errorf("weights with a damaged state: %q, error %v, notes %q", used, err, notes)
	}
	if _, _, err = FindRun("none", note); err == nil || !strings.Contains(err.Error(), "none") {
		t.Error(err)
	}
}
