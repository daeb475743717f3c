package checkpoints

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestHolderOf: a folder is free before and after it is locked, and left when its process has ended without releasing it.
func TestHolderOf(t *testing.T) {
	dir := t.TempDir()
	check := func(when string, want Holder) {
		t.Helper()
		if got := HolderOf(dir); got != want {
			t.Errorf("%s: %d, want %d", when, got, want)
		}
	}
	check("a folder without a lock", Free)
	lock, err := LockRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	check("a locked folder", Held)
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	check("a released folder", Free)

	owned := func(o owner) {
		text, err := json.Marshal(o)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, lockFile), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	other := self()
	other.Host += "-other"
	owned(other)
	check("a folder that another machine has locked", HeldElsewhere)
	if runtime.GOOS == "windows" {
		return // whether a process is dead is not known there
	}
	ended := exec.Command("go", "version")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	dead := self()
	dead.PID = ended.Process.Pid
	owned(dead)
	check("a folder whose process has ended", Left)
}
