package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestResetDocuments: a run whose documents are independent keeps the choice and the separator when it is resumed, with the
// bits of the unbroken run, and differs from one whose documents are not. What has no documents is refused.
func TestResetDocuments(t *testing.T) {
	dir := t.TempDir()
	rows := ""
	for i := range 200 {
		rows += fmt.Sprintf("{\"text\": \"row %d says %d\"}\n", i, i*i)
	}
	text := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(text, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	train := func(name string, args ...string) {
		t.Helper()
		args = append([]string{"-model", "goom-rnn", "-preset", "nano", "-data", text, "-cache-dir", "off", "-seq", "40", "-batch", "3", "-save-every", "3", "-eval-every", "3",
			"-sample", "20", "-schedule-steps", "6", "-out", filepath.Join(dir, name)}, args...)
		if code, _, errs := call(args...); code != done {
			t.Fatalf("%s: exit code %d, %s", name, code, errs)
		}
	}
	train("mixed", "-steps", "6")
	train("whole", "-steps", "6", "-reset-documents")
	train("parts", "-steps", "3", "-reset-documents")
	resume := []string{"-resume", filepath.Join(dir, "parts"), "-steps", "6", "-threads", "1"}
	code, out, errs := call(append(resume, "-print-config")...)
	if code != done || !strings.Contains(out, "\nreset-documents = true ") || !strings.Contains(out, "\ndocument-start = \"0\" ") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	for _, other := range [][]string{{"-reset-documents=false"}, {"-document-start", "7"}} {
		if code, _, errs := call(append(resume, other...)...); code == done || !strings.Contains(errs, "leave it out to resume") {
			t.Errorf("%v: exit code %d, %s", other, code, errs)
		}
	}
	if code, _, errs := call(resume...); code != done {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	whole, mixed, differ := weights(t, filepath.Join(dir, "whole")), weights(t, filepath.Join(dir, "mixed")), false
	for p, got := range weights(t, filepath.Join(dir, "parts")) {
		if !equalBits(t, got, whole[p]) {
			t.Errorf("%s differs from the unbroken run", p)
		}
		differ = differ || !equalBits(t, got, mixed[p])
	}
	if !differ {
		t.Error("the weights are those of a run whose documents are not independent")
	}
	// A fine-tuned model may begin to reset documents, or cease to. By default it does as the model that it starts from.
	for from, all := range map[string][][]string{"whole": {{"true"}, {"false", "-reset-documents=false"}}, "mixed": {{"false"}, {"true", "-reset-documents"}}} {
		for i, args := range all {
			out := filepath.Join(dir, fmt.Sprint(from, i))
			tune := append([]string{"-init", filepath.Join(dir, from), "-data", text, "-cache-dir", "off", "-steps", "1", "-batch", "1", "-seq", "16", "-sample", "0", "-out", out}, args[1:]...)
			if code, _, errs := call(tune...); code != done {
				t.Fatalf("%v: exit code %d, %s", tune, code, errs)
			}
			if config, err := os.ReadFile(filepath.Join(out, "config.toml")); err != nil || !strings.Contains(string(config), "\nreset-documents = "+args[0]) {
				t.Errorf("%v: %v\n%s", tune, err, config)
			}
		}
	}
	classifier := classify(t, []string{"-init", filepath.Join(dir, "whole"), "-model", "classifier", "-pattern", "goom", "-steps", "1", "-batch", "2", "-sample", "0", "-data", "", "-out", filepath.Join(dir, "classes")})
	if _, _, errs := call(classifier...); !strings.Contains(errs, "has no tensor with the name") { // the settings are good
		t.Errorf("a classifier: %s", errs)
	}
	code, _, errs = call("-preset", "nano", "-init", filepath.Join(dir, "whole"), "-task", "copy", "-out", filepath.Join(dir, "other"))
	if code == done || !strings.Contains(errs, "-reset-documents=false where -init has it") {
		t.Errorf("another task: exit code %d, %s", code, errs)
	}
	code, _, errs = call("-preset", "nano", "-task", "copy", "-reset-documents", "-out", filepath.Join(dir, "task"))
	if code == done || !strings.Contains(errs, "no documents of a text") {
		t.Errorf("a task: exit code %d, %s", code, errs)
	}
}
