package checkpoints

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var errInjected = errors.New("injected failure")

// A failingDisk works until so many operations are done or so many bytes are written. Then one thing fails
// (dead false: as a disk that is full for a moment), or everything from there on (dead true: what a
// killed process leaves). It leaves out the fsync of files and new folders: no test can see it, but
// thousands of saves feel it.
type failingDisk struct {
	osDisk
	operations, bytes int
	dead              bool
	failed            bool
}

// spend takes n of a budget and returns how many of them were left.
func (d *failingDisk) spend(budget *int, n int) (left int, err error) {
	if d.failed {
		if d.dead {
			return 0, errInjected
		}
		return n, nil
	}
	if n > *budget {
		d.failed = true
		return *budget, errInjected
	}
	*budget -= n
	return n, nil
}

func (d *failingDisk) do(operation func() error) error {
	if _, err := d.spend(&d.operations, 1); err != nil {
		return err
	}
	return operation()
}

func (d *failingDisk) mkdirAll(path string) error {
	return d.do(func() error { return os.MkdirAll(path, 0o777) })
}
func (d *failingDisk) replace(path string, data []byte) error {
	return d.do(func() error { return d.osDisk.replace(path, data) })
}
func (d *failingDisk) rename(from, to string) error {
	return d.do(func() error { return d.osDisk.rename(from, to) })
}
func (d *failingDisk) syncDir(path string) error {
	return d.do(func() error { return d.osDisk.syncDir(path) })
}
func (d *failingDisk) point(link, target string) error {
	return d.do(func() error { return d.osDisk.point(link, target) })
}
func (d *failingDisk) removeAll(path string) error {
	return d.do(func() error { return d.osDisk.removeAll(path) })
}
func (d *failingDisk) writeFile(path string, write func(io.Writer) error) error {
	return d.do(func() error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		return errors.Join(write(&failingWriter{d, f}), f.Close())
	})
}

// A failingWriter writes what the budget allows.
type failingWriter struct {
	d *failingDisk
	w io.Writer
}

func (f *failingWriter) Write(b []byte) (int, error) {
	left, err := f.d.spend(&f.d.bytes, len(b))
	n, werr := f.w.Write(b[:left])
	return n, errors.Join(err, werr)
}

// Failing at every operation, once or for good, in each kind of save: afterwards the run loads whole, at
// the step before or at this one (this one if Save said so), and the next save works and leaves nothing
// behind.
func TestFailureAtEveryOperation(t *testing.T) {
	for _, kind := range []struct {
		name   string
		before []int64
		step   int64
		keep   int
		after  []int64 // the steps that may be found after the failure
	}{
		{"first save", nil, 1, 3, []int64{1}},
		{"next save", []int64{1, 2}, 3, 3, []int64{2, 3}},
		{"with removals", []int64{1, 2}, 3, 1, []int64{2, 3}},
		{"replacing the only one", []int64{5}, 5, 1, []int64{5}},
	} {
		for _, dead := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, dead %v", kind.name, dead), func(t *testing.T) {
				for operations := 0; ; operations++ {
					run := t.TempDir()
					for _, step := range kind.before {
						mustSave(t, run, stateOf(step), SaveOptions{Keep: 9})
					}
					d := &failingDisk{operations: operations, bytes: math.MaxInt, dead: dead}
					model, optimizer := tensorsOf(kind.step)
					s := stateOf(kind.step)
					s.Best, s.Patience = &Best{Metric: "loss", Value: 1, Step: kind.step}, 77
					dir, err := save(d, run, s, model, optimizer, SaveOptions{Keep: kind.keep})
					if !d.failed {
						if err != nil || operations < 11 {
							t.Fatalf("after %d operations: %v", operations, err)
						}
						return
					}
					checkAfterFailure(t, run, dir, err, s, kind.after)
					mustSave(t, run, stateOf(99), SaveOptions{Keep: kind.keep})
					if got := steps(t, run); strings.Contains(got, ".") {
						t.Fatalf("operation %d: the next save left %s", operations, got)
					}
				}
			})
		}
	}
}

// A disk that takes N bytes and no more, for every N up to the whole save.
func TestFailureAtEveryByte(t *testing.T) {
	for _, dead := range []bool{false, true} {
		run := t.TempDir()
		mustSave(t, run, stateOf(1), SaveOptions{})
		want, stride := steps(t, run), 1
		if dead { // the same bytes, only that what was written stays until the next save
			stride = 7
		}
		for bytes := 0; ; bytes += stride {
			d := &failingDisk{operations: math.MaxInt, bytes: bytes, dead: dead}
			model, optimizer := tensorsOf(2)
			dir, err := save(d, run, stateOf(2), model, optimizer, SaveOptions{})
			if !d.failed {
				if err != nil || bytes < 1000 {
					t.Fatalf("after %d bytes: %v", bytes, err)
				}
				break
			}
			if dir != "" || !errors.Is(err, errInjected) {
				t.Fatalf("after %d bytes: %q, %v", bytes, dir, err)
			}
			if got := steps(t, run); !dead && got != want || bytes%50 == 0 && !loadsStep(t, run, 1) {
				t.Fatalf("after %d bytes: %s", bytes, got)
			}
		}
		if !loadsStep(t, run, 2) {
			t.Error("the save that had room is not the newest")
		}
	}
}

func loadsStep(t *testing.T, run string, want int64) bool {
	t.Helper()
	_, step := mustBeWhole(t, run)
	return step == want
}

func checkAfterFailure(t *testing.T, run, dir string, err error, s State, allowed []int64) {
	t.Helper()
	if err != nil && (!errors.Is(err, errInjected) || !strings.Contains(err.Error(), root(run)) || errors.Is(err, ErrHousekeeping) != (dir != "")) {
		t.Fatalf("dir %q, error %v", dir, err)
	}
	if _, err := Load(run); errors.Is(err, ErrNone) && s.Step == 1 && dir == "" {
		return // the first save failed: nothing is there
	}
	c, step := mustBeWhole(t, run)
	if !slices.Contains(allowed, step) || len(c.Notes) > 0 || dir != "" && (step != s.Step || c.State.Patience != s.Patience) {
		t.Fatalf("found step %d, patience %d, notes %q after a save of step %d that returned %q, %v", step, c.State.Patience, c.Notes, s.Step, dir, err)
	}
}

// The state's replacement: the old or the new one, always whole.
func TestFailureOfUpdateState(t *testing.T) {
	for operations := range 3 {
		run := t.TempDir()
		mustSave(t, run, stateOf(1), SaveOptions{})
		s := stateOf(1)
		s.Best = &Best{Metric: "loss", Value: 1, Step: 1}
		d := &failingDisk{operations: operations, bytes: math.MaxInt, dead: true}
		err := updateState(d, run, s)
		if (err != nil) != d.failed || err != nil && (!strings.Contains(err.Error(), "step-00000001") || !strings.Contains(err.Error(), root(run))) {
			t.Errorf("operation %d: %v", operations, err)
		}
		mustBeWhole(t, run)
	}
}
