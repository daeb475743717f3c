package checkpoints

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"goomtrain/internal/atomicfile"
)

// TestReconcile: whatever a crash left of the links, they point to where the newest state says.
func TestReconcile(t *testing.T) {
	for name, spoil := range map[string]func(root string) error{
		"lost": func(root string) error {
			return errors.Join(os.Remove(filepath.Join(root, "last")), os.Remove(filepath.Join(root, "best")))
		},
		"stale": func(root string) error {
			return errors.Join(atomicfile.Point(filepath.Join(root, "last"), "step-00000001"), atomicfile.Point(filepath.Join(root, "best"), "step-00000001"))
		},
		"dangling": func(root string) error { return atomicfile.Point(filepath.Join(root, "best"), "step-00000099") },
	} {
		run := t.TempDir()
		for step := int64(1); step <= 3; step++ {
			s := stateOf(step)
			s.Best = &Best{Metric: "loss", Value: 1, Step: min(step, 2)}
			mustSave(t, run, s, SaveOptions{})
		}
		if err := spoil(root(run)); err != nil {
			t.Fatal(err)
		}
		if err := Reconcile(run); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := steps(t, run); got != "1 2(best) 3(last)" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if err := Reconcile(t.TempDir()); err != nil {
		t.Errorf("a folder without checkpoints: %v", err)
	}
}

// TestEndedMarksBest: an evaluation that was made only because a session ended marks its checkpoint while no
// later state knows a better one.
func TestEndedMarksBest(t *testing.T) {
	run := t.TempDir()
	s := stateOf(1)
	s.Best = &Best{Metric: "loss", Value: 2, Step: 1}
	mustSave(t, run, s, SaveOptions{})
	ended := stateOf(2)
	ended.Best, ended.Ended = s.Best, &Best{Metric: "loss", Value: 1, Step: 2}
	mustSave(t, run, ended, SaveOptions{})
	if got := steps(t, run); got != "1 2(last)(best)" {
		t.Error(got)
	}
	later := stateOf(3)
	later.Best = &Best{Metric: "loss", Value: 1.5, Step: 3}
	mustSave(t, run, later, SaveOptions{})
	if got := steps(t, run); got != "1 2 3(last)(best)" {
		t.Error(got)
	}
}

// foldersForLinks replaces the links of a run by copies of the checkpoints that they point to, as cp -rL does.
func foldersForLinks(t *testing.T, run string) {
	t.Helper()
	for _, name := range []string{"last", "best"} {
		path := filepath.Join(root(run), name)
		target := filepath.Join(root(run), linkTarget(root(run), name))
		if err := errors.Join(os.Remove(path), os.CopyFS(path, os.DirFS(target))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCopiesForLinks: a run whose links were copied as folders gets its links back, and keeps every checkpoint.
func TestCopiesForLinks(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(run string) error
		want  string
	}{
		"copied":             {func(string) error { return nil }, "1(best) 2(last)"},
		"original removed":   {func(run string) error { return os.RemoveAll(StepDir(run, 2)) }, "1(best) 2(last)"},
		"evaluated later":    {func(run string) error { return replaceState(run, 2) }, "1(best) 2(last)"},
		"original is broken": {func(run string) error { return os.Truncate(filepath.Join(StepDir(run, 1), modelFile), 3) }, ""},
	} {
		run := t.TempDir()
		for step := int64(1); step <= 2; step++ {
			s := stateOf(step)
			s.Best = &Best{Metric: "loss", Value: 2, Step: 1}
			mustSave(t, run, s, SaveOptions{})
		}
		foldersForLinks(t, run)
		if c, err := LoadWeights(run); err != nil || c.State.Step != 1 {
			t.Errorf("%s: LoadWeights does not take the best: %+v, %v", name, c, err)
		}
		if err := c.spoil(run); err != nil {
			t.Fatal(err)
		}
		err := Reconcile(run)
		if broken := name == "original is broken"; broken != errors.Is(err, ErrHousekeeping) || !broken && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if broken {
			if _, err := openAll(filepath.Join(root(run), "best")); err != nil {
				t.Errorf("the copy of a broken checkpoint: %v", err)
			}
			continue
		}
		if got := steps(t, run); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// replaceState writes the state.json of a checkpoint again, as after an evaluation.
func replaceState(run string, step int64) error {
	state, err := readState(StepDir(run, step))
	if err != nil {
		return err
	}
	state.Patience++
	text, err := state.encode()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(StepDir(run, step), stateName), text, 0o644)
}

// TestFoldersForLinks: a run with other folders in the place of its links trains on; the trouble with one link is
// housekeeping in a save and in an update alike, and does not keep the other from moving.
func TestFoldersForLinks(t *testing.T) {
	run := t.TempDir()
	s := stateOf(1)
	s.Best = &Best{Metric: "loss", Value: 2, Step: 1}
	mustSave(t, run, s, SaveOptions{})
	last := filepath.Join(root(run), "last")
	if err := errors.Join(os.Remove(last), os.Mkdir(last, 0o755)); err != nil {
		t.Fatal(err)
	}
	next := stateOf(2)
	next.Best = &Best{Metric: "loss", Value: 1, Step: 2}
	model, optimizer := tensorsOf(2)
	if dir, err := Save(run, next, model, optimizer, SaveOptions{}); dir == "" || !errors.Is(err, ErrHousekeeping) {
		t.Errorf("Save: %q, %v", dir, err)
	}
	if err := UpdateState(run, next); !errors.Is(err, ErrHousekeeping) {
		t.Errorf("UpdateState: %v", err)
	}
	if err := Reconcile(run); !errors.Is(err, ErrHousekeeping) {
		t.Errorf("Reconcile: %v", err)
	}
	if c, err := Load(run); err != nil || c.State.Step != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	if got := steps(t, run); got != "1 2(best)" {
		t.Error(got)
	}
}
