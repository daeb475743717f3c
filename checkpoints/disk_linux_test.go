package checkpoints

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"goomtrain/params"
)

// mountSmall mounts a file system of 1 MiB for the test, which only root may do.
func mountSmall(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m")
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skipf("mounting needs root: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// A disk that really is full: saves go on until it is, the failing one leaves no trace and says what to
// do, and once there is room the next one works.
func TestFullDisk(t *testing.T) {
	disk := mountSmall(t)
	run := filepath.Join(disk, "run")
	big := []params.Array{{Name: "w", Shape: []int{50_000}, Data: make([]float32, 50_000)}} // 200 kB
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300_000), 0o666); err != nil {
		t.Fatal(err)
	}
	saver := NewSaver(run, SaveOptions{Keep: 9})
	var err error
	step := int64(0)
	for err == nil && step < 10 {
		step++
		if err = saver.Submit(stateOf(step), big, nil); err == nil {
			err = saver.Wait()
		}
	}
	if step != 4 || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), root(run)) ||
		!strings.Contains(err.Error(), "earlier checkpoints are untouched; the disk is full: free space there") {
		t.Fatalf("step %d: %v", step, err)
	}
	if got := steps(t, run); got != "1 2 3(last)" {
		t.Errorf("after the failed save: %s", got)
	}
	if c, err := Load(run); err != nil || c.State.Step != 3 || len(c.Notes) > 0 {
		t.Errorf("loaded %+v, %v", c, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := saver.Submit(stateOf(5), big, nil); err != nil {
		t.Fatal(err)
	}
	if err := saver.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close forgot the first error: %v", err)
	}
	if c, err := Load(run); err != nil || c.State.Step != 5 {
		t.Errorf("loaded %+v, %v", c, err)
	}
}

// A run folder on a file system that turned read-only.
func TestReadOnlyDisk(t *testing.T) {
	disk := mountSmall(t)
	run := filepath.Join(disk, "run")
	mustSave(t, run, stateOf(1), SaveOptions{})
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	checkReadOnly(t, run)
}

// The same by permissions, which bind everybody but root.
func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	run := t.TempDir()
	mustSave(t, run, stateOf(1), SaveOptions{})
	for _, dir := range []string{StepDir(run, 1), root(run), run} {
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(dir, 0o777)
	}
	checkReadOnly(t, run)
}

func checkReadOnly(t *testing.T, run string) {
	t.Helper()
	model, optimizer := tensorsOf(2)
	if dir, err := Save(run, stateOf(2), model, optimizer, SaveOptions{}); err == nil || dir != "" ||
		!strings.Contains(err.Error(), root(run)) || !strings.Contains(err.Error(), "the folder cannot be written: correct its permissions") {
		t.Errorf("Save: %q, %v", dir, err)
	}
	if err := UpdateState(run, stateOf(1)); err == nil || !strings.Contains(err.Error(), StepDir(run, 1)) {
		t.Errorf("UpdateState: %v", err)
	}
	if _, err := LockRun(run); err == nil || !strings.Contains(err.Error(), "cannot lock run folder "+run) {
		t.Errorf("LockRun: %v", err)
	}
	if _, step := mustBeWhole(t, run); step != 1 {
		t.Errorf("loaded step %d", step)
	}
}
