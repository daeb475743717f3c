package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"goomtrain/checkpoints"
)

// onSmallDisk runs a test on a file system of 1 MiB. Only root may mount one, so the test binary runs the
// test again in a mount namespace of its own, where it is root of a user namespace unless it is root
// already. What is mounted there vanishes with the process.
func onSmallDisk(t *testing.T, body func(t *testing.T, disk string)) {
	t.Helper()
	if os.Getenv("IN_NAMESPACE") != "1" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "IN_NAMESPACE=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
		}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Skipf("this system gives no mount namespace: %v", err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		} else if strings.Contains(out.String(), "SKIP") {
			t.Skip(out.String())
		}
		return
	}
	disk := t.TempDir()
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Skipf("SKIP: mounts cannot be made private: %v", err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIP: a file system cannot be mounted: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	}()
	body(t, disk)
}

// command runs the command as a process of its own.
func command(args ...string) (code int, stdout, stderr string) {
	cmd, _ := process(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run() // its error is the exit code
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// fill leaves that many bytes of a disk and returns the file that took the others.
func fill(t *testing.T, disk string, leave int64) string {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(disk, &s); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, int64(s.Bavail)*s.Bsize-leave), 0o644); err != nil {
		t.Fatal(err)
	}
	return ballast
}

// oneLine fails unless a command failed with one line on standard error that has all of these parts.
func oneLine(t *testing.T, code int, stderr string, parts ...string) {
	t.Helper()
	if code != failed || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, want %d and one line:\n%s", code, failed, stderr)
	}
	for _, part := range parts {
		if !strings.Contains(stderr, part) {
			t.Errorf("the error lacks %q: %s", part, stderr)
		}
	}
}

// TestFullDisk: a disk that gets full while a checkpoint is written ends the run with a line that says so;
// the checkpoint before stays whole, and once there is space the run goes on as if nothing had happened.
// So does one whose metrics find no space, and one that is resumed while there is none.
func TestFullDisk(t *testing.T) {
	onSmallDisk(t, func(t *testing.T, disk string) {
		args := small(t, "-save-every", "5", "-eval-every", "10", "-keep", "1", "-schedule-steps", "40")
		whole, run := filepath.Join(t.TempDir(), "whole"), filepath.Join(disk, "run")
		if code, _, errs := command(append(args, "-steps", "40", "-out", whole)...); code != 0 {
			t.Fatal(errs)
		}
		if code, _, errs := command(append(args, "-steps", "10", "-out", run)...); code != 0 {
			t.Fatal(errs)
		}
		const checkpoint = 80_000 // bytes, about
		for _, c := range []struct {
			leave int64
			every string // steps between checkpoints
			log   string // steps between lines of metrics
			want  string
		}{
			{checkpoint / 2, "5", "1000", "cannot save checkpoint step-00000015"}, // no line of metrics finds the disk full first
			{16 << 10, "1000", "1", "train: write "},                              // a line of metrics, or the picture, but not config.toml
			{0, "5", "1", "cannot lock run folder"},
		} {
			ballast := fill(t, disk, c.leave)
			code, _, errs := command("-resume", run, "-steps", "40", "-save-every", c.every, "-log-every", c.log)
			oneLine(t, code, errs, c.want, "no space left on device", "the disk is full: free space there, or use a run folder on another disk")
			if found, err := checkpoints.Load(run); err != nil || found.State.Step != 10 || len(found.Notes) > 0 {
				t.Errorf("after the failure: %+v, error %v", found, err)
			}
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		}
		if code, out, errs := command("-resume", run, "-steps", "40"); code != 0 || !strings.Contains(out, "resumed at step 10") {
			t.Fatalf("exit code %d, %s\n%s", code, errs, out)
		}
		same(t, whole, run, 40)
		a, b := records(t, whole), records(t, run)
		if len(a) != 40+4 || len(b) != len(a) {
			t.Fatalf("%d records on a large disk, %d on one that was full", len(a), len(b))
		}
		for i := range a {
			if a[i].Step != b[i].Step || a[i].Split != b[i].Split || a[i].Loss != b[i].Loss {
				t.Fatalf("record %d is %+v, on a large disk %+v", i, b[i], a[i])
			}
		}
	})
}

// TestReadOnlyDisk: a run folder that cannot be made or written gives one line that says so, also to root.
func TestReadOnlyDisk(t *testing.T) {
	onSmallDisk(t, func(t *testing.T, disk string) {
		run := filepath.Join(disk, "run")
		if code, _, errs := command(small(t, "-steps", "4", "-out", run)...); code != 0 {
			t.Fatal(errs)
		}
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{small(t, "-steps", "4", "-out", filepath.Join(disk, "other")), {"-resume", run, "-steps", "8"}} {
			code, _, errs := command(args...)
			oneLine(t, code, errs, disk, "read-only file system", "the folder cannot be written: correct its permissions, or use a run folder elsewhere")
		}
		if found, err := checkpoints.Load(run); err != nil || found.State.Step != 4 {
			t.Errorf("the checkpoint: %+v, error %v", found, err)
		}
	})
}
