package checkpoints

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The test binary runs itself as a child that does one of these jobs when this variable names one.
const childJob = "GOOMTRAIN_CHECKPOINTS_CHILD"

func TestMain(m *testing.M) {
	switch job, run, _ := strings.Cut(os.Getenv(childJob), ":"); job {
	case "save": // save step after step, printing each when it is saved, until killed
		childSaves(run)
	case "lock": // lock and print, until killed
		if _, err := LockRun(run); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("locked")
		select {}
	default:
		os.Exit(m.Run())
	}
}

func childSaves(run string) {
	step := int64(0)
	if c, err := Load(run); err == nil {
		step = c.State.Step
	} else if !errors.Is(err, ErrNone) {
		fmt.Println(err)
		os.Exit(1)
	}
	saver := NewSaver(run, SaveOptions{Keep: 2, Done: func(dir string, err error) { fmt.Println(dir, err) }})
	for {
		step++
		s := stateOf(step)
		s.Best = &Best{Metric: "loss", Value: 1, Step: step - step%3}
		model, optimizer := tensorsOf(step)
		if err := saver.Submit(s, model, optimizer); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if step%5 == 0 { // a save of the same step, which replaces a folder
			saver.Submit(s, model, optimizer)
		}
		if step%4 == 0 {
			saver.Update(s)
		}
	}
}

func startChild(t *testing.T, job, run string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), childJob+"="+job+":"+run)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// A child that saves without pause is killed (SIGKILL) at 50 random moments. Every time the run loads
// whole, at least at the last step that the child had reported saved, without passing anything over.
func TestKilledAtRandomMoments(t *testing.T) {
	const kills = 50
	run := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	reported, leftovers := int64(0), 0
	for range kills {
		cmd, lines := startChild(t, "save", run)
		killed := make(chan error, 1)
		for first := true; lines.Scan(); first = false {
			dir, result, _ := strings.Cut(lines.Text(), " ")
			step, err := strconv.ParseInt(strings.TrimPrefix(filepath.Base(dir), "step-"), 10, 64)
			if result != "<nil>" || err != nil {
				t.Fatalf("child: %s", lines.Text())
			}
			reported = max(reported, step)
			if first { // it runs: now any moment of its next saves
				time.AfterFunc(time.Duration(random.IntN(30_000))*time.Microsecond, func() { killed <- cmd.Process.Kill() })
			}
		}
		if err := errors.Join(<-killed, lines.Err()); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // its error is the kill
		if strings.Contains(steps(t, run), ".") {
			leftovers++
		}
		c, step := mustBeWhole(t, run)
		if step < reported || len(c.Notes) > 0 {
			t.Fatalf("step %d was reported saved, step %d is found; notes %q", reported, step, c.Notes)
		}
		if c, err := Load(filepath.Join(root(run), "last")); err == nil {
			reported = max(reported, c.State.Step)
		}
		if w, err := LoadWeights(run); err != nil || !w.HasState {
			t.Fatalf("weights: %+v, %v", w, err)
		}
	}
	t.Logf("%d kills, %d in the middle of a save, step %d reached", kills, leftovers, reported)
	if leftovers == 0 {
		t.Error("no kill met a save: the test proves nothing")
	}
	mustSave(t, run, stateOf(reported+1), SaveOptions{Keep: 1})
	if got := steps(t, run); strings.Contains(got, ".") {
		t.Errorf("the next save left %s", got)
	}
}

// A second process gets the first one's number; a killed process's lock is no obstacle.
func TestLockAcrossProcesses(t *testing.T) {
	run := t.TempDir()
	cmd, lines := startChild(t, "lock", run)
	defer cmd.Process.Kill()
	if !lines.Scan() || lines.Text() != "locked" {
		t.Fatalf("child: %s", lines.Text())
	}
	_, err := LockRun(run)
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != cmd.Process.Pid || !strings.Contains(err.Error(), fmt.Sprintf("run folder %s is in use by process %d:", run, cmd.Process.Pid)) {
		t.Errorf("second process: %v, want the child's number %d", err, cmd.Process.Pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	lock, err := LockRun(run)
	if err != nil {
		t.Fatalf("after the child was killed: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}
