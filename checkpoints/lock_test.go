package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLockInOneProcess(t *testing.T) {
	run := filepath.Join(t.TempDir(), "new", "run")
	lock, err := LockRun(run)
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := LockRun(run); !errors.As(err, &locked) || locked.PID != os.Getpid() || !strings.Contains(err.Error(), "in use by this process") {
		t.Errorf("second lock: %v", err)
	}
	for range 2 {
		if err := lock.Release(); err != nil {
			t.Error(err)
		}
	}
	again, err := LockRun(run)
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

func TestLockOfAnImpossibleFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := LockRun(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}

// The portable lock, which other systems use, with a short heartbeat.
func TestPortableLock(t *testing.T) {
	const period = 20 * time.Millisecond
	path := filepath.Join(t.TempDir(), "lock")
	release, err := lockPortable(path, period)
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	for range 3 { // its heart beats: nobody takes it over
		if _, err := lockPortable(path, period); !errors.As(err, &locked) || locked.PID != os.Getpid() {
			t.Fatalf("second lock: %v", err)
		}
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if exists(path) {
		t.Error("the lock file stayed")
	}

	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	here := self().Host
	for name, o := range map[string]owner{
		"dead process here":             {PID: dead.Process.Pid, Host: here, Token: "a"},
		"still heart on another host":   {PID: 1, Host: here + "-other", Token: "b", Beat: 9},
		"live number but a still heart": {PID: os.Getpid(), Host: here, Token: "c"},
		"not a lock at all":             {},
	} {
		text, err := json.Marshal(o)
		if err == nil {
			err = os.WriteFile(path, text, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		release, err := lockPortable(path, period)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := release(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// Many at once: one gets it.
func TestPortableLockContention(t *testing.T) {
	const n, period = 8, 200 * time.Millisecond
	path := filepath.Join(t.TempDir(), "lock")
	type result struct {
		release func() error
		err     error
	}
	results := make(chan result)
	for range n {
		go func() {
			release, err := lockPortable(path, period)
			results <- result{release, err}
		}()
	}
	holders := 0
	for range n {
		r := <-results
		if r.err == nil {
			holders++
			defer r.release()
		}
	}
	if holders != 1 {
		t.Errorf("%d hold the lock", holders)
	}
}

// TestLockedError: the error names the holder as far as it is known.
func TestLockedError(t *testing.T) {
	here, me := self().Host, os.Getpid()
	for want, e := range map[string]LockedError{
		"another process":                        {},
		"process 1":                              {PID: 1, Host: here},
		"process 2":                              {PID: 2},
		"process 1 on elsewhere":                 {PID: 1, Host: "elsewhere"},
		fmt.Sprintf("this process (%d)", me):     {PID: me, Host: here},
		fmt.Sprintf("process %d on another", me): {PID: me, Host: "another"},
	} {
		e.Path = "runs/x"
		if want := "run folder runs/x is in use by " + want + ": wait for it or stop it, or choose another run folder"; e.Error() != want {
			t.Errorf("%s, want %s", e.Error(), want)
		}
	}
}

// TestMoveAway: the lock of a dead holder is removed; one that another process has put in its place in the meantime stays.
func TestMoveAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	write := func(token string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(`{"pid":7,"host":"h","token":"`+token+`"}`), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("dead")
	if err := moveAway(path, "dead", "mine"); err != nil || exists(path) {
		t.Errorf("error %v, there: %v", err, exists(path))
	}
	if err := moveAway(path, "dead", "mine"); err != nil { // another one was first
		t.Error(err)
	}
	write("new")
	var locked *LockedError
	if err := moveAway(path, "dead", "mine"); !errors.As(err, &locked) || locked.PID != 7 || locked.Host != "h" {
		t.Errorf("error %v", err)
	}
	if o, ok := readOwner(path); !ok || o.Token != "new" {
		t.Errorf("the new lock is %+v, %v", o, ok)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}
