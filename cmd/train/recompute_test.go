package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestRecompute: a run with -recompute has the weights of one without, also if only a part of it has the flag, which
// the resumed run keeps until it is told otherwise.
func TestRecompute(t *testing.T) {
	dir := t.TempDir()
	args := small(t, "-steps", "6", "-save-every", "3", "-dropout", "0.1", "-micro-batch", "2")
	for name, more := range map[string][]string{"plain": nil, "again": {"-recompute"}, "first": {"-recompute", "-steps", "3"}} {
		all := append(append([]string{}, args...), "-out", filepath.Join(dir, name))
		if name == "first" {
			all = append(all[:indexOf(all, "-steps")], all[indexOf(all, "-steps")+2:]...)
		}
		if code, _, errs := call(append(all, more...)...); code != done {
			t.Fatalf("%s: exit code %d, %s", name, code, errs)
		}
	}
	resume := []string{"-resume", filepath.Join(dir, "first"), "-steps", "6"}
	if code, out, errs := call(append(resume, "-print-config")...); code != done || !strings.Contains(out, "\nrecompute = true ") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	if code, _, errs := call(append(resume, "-recompute=false", "-threads", "1")...); code != done {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	want := weights(t, filepath.Join(dir, "plain"))
	for _, name := range []string{"again", "first"} {
		for p, got := range weights(t, filepath.Join(dir, name)) {
			if !equalBits(t, got, want[p]) {
				t.Errorf("%s: %s differs", name, p)
			}
		}
	}
}
