package checkpoints

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"goomtrain/internal/comm"
	"goomtrain/params"
)

// together runs a function on each of n processes, which are goroutines, and returns their errors by rank.
func together(n int, f func(g *comm.Group) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for r, g := range comm.Local(n) {
		defer g.Stop()
		all.Go(func() { errs[r] = f(g) })
	}
	all.Wait()
	return errs
}

// wholeState is an optimizer's state of a step, in whole arrays.
func wholeState(step int64) []params.Array {
	a := params.Array{Name: "m.w", Shape: []int{3, 4}, Data: make([]float32, 12)}
	b := params.Array{Name: "m.b", Shape: []int{5}, Data: make([]float64, 5)}
	for i := range 12 {
		a.Data.([]float32)[i] = float32(100*step) + float32(i)
	}
	for i := range 5 {
		b.Data.([]float64)[i] = float64(-100*step) - float64(i)
	}
	return []params.Array{a, b,
		{Name: "count", Shape: []int{1}, Data: []int64{step}},
		{Name: "ema.w", Shape: []int{2, 2}, Data: []float32{float32(step), 1, 2, 3}},
	}
}

// dividedState is the part of wholeState that process r of n has: of the 17 elements of m.w and m.b those in its share, in
// two pieces where there are more than two of them, and the other arrays whole.
func dividedState(step int64, r, n int) (out []params.Array) {
	whole := wholeState(step)
	lo, hi := 17*r/n, 17*(r+1)/n
	middle := (lo + hi) / 2
	for _, share := range [][2]int{{lo, middle}, {middle, hi}} {
		if from, to := max(share[0], 0), min(share[1], 12); from < to {
			out = append(out, params.Array{Name: "m.w", Shape: []int{to - from}, Data: whole[0].Data.([]float32)[from:to], Whole: []int{3, 4}, Offset: from})
		}
		if from, to := max(share[0]-12, 0), share[1]-12; from < to {
			out = append(out, params.Array{Name: "m.b", Shape: []int{to - from}, Data: whole[1].Data.([]float64)[from:to], Whole: []int{5}, Offset: from})
		}
	}
	return append(out, whole[2:]...)
}

// saveTogether saves steps with n processes.
func saveTogether(t *testing.T, run string, n int, steps ...int64) {
	t.Helper()
	for r, err := range together(n, func(g *comm.Group) error {
		s := NewSaver(run, SaveOptions{Group: g, Files: []File{{"vocabulary", []byte("v")}}})
		model, _ := tensorsOf(0)
		if err := s.Reserve(model, dividedState(0, g.Rank(), n)); err != nil {
			return err
		}
		for _, step := range steps {
			model, _ := tensorsOf(step)
			if err := s.Submit(stateOf(step), model, dividedState(step, g.Rank(), n)); err != nil {
				return err
			}
			if !s.BeforeChange() {
				return errors.New("not finite")
			}
		}
		return s.Close()
	}) {
		if err != nil {
			t.Fatalf("process %d of %d: %v", r, n, err)
		}
	}
}

// loadTogether checks that m processes load the checkpoint of a step, each its part.
func loadTogether(t *testing.T, path string, m int, step int64) {
	t.Helper()
	for r, err := range together(m, func(g *comm.Group) error {
		c, err := LoadTogether(g, path)
		if err != nil {
			return err
		}
		wantModel, _ := tensorsOf(step)
		model, _ := tensorsOf(-1)
		want, got := dividedState(step, g.Rank(), m), dividedState(-1, g.Rank(), m)
		if err := errors.Join(c.ReadModel(model), c.ReadOptimizer(got)); err != nil {
			return err
		}
		if c.State.Step != step || !reflect.DeepEqual(model, wantModel) || !reflect.DeepEqual(got, want) {
			return fmt.Errorf("step %d: read %v and %v, want %v and %v", c.State.Step, model, got, wantModel, want)
		}
		return nil
	}) {
		if err != nil {
			t.Errorf("process %d of %d: %v", r, m, err)
		}
	}
}

// TestTogether: what N processes save, M others load, each its part, and a single process loads the whole.
func TestTogether(t *testing.T) {
	for n := 1; n <= 4; n++ {
		run := filepath.Join(t.TempDir(), "run")
		saveTogether(t, run, n, 1, 2)
		for m := 1; m <= 4; m++ {
			loadTogether(t, run, m, 2)
		}
		c, err := Load(run)
		if err != nil {
			t.Fatal(err)
		}
		whole := wholeState(-1)
		if err := c.ReadOptimizer(whole); err != nil || !reflect.DeepEqual(whole, wholeState(2)) {
			t.Errorf("%d: %v, error %v", n, whole, err)
		}
		if err := c.ReadOptimizer(wholeState(0)[1:]); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "the file has it but the optimizer does not") {
			t.Errorf("%d: an array too few: %v", n, err)
		}
		w, err := LoadWeights(run)
		if err != nil {
			t.Fatal(err)
		}
		average := []params.Array{{Name: "w", Data: make([]float32, 4)}}
		if err := w.ReadAverage(average); err != nil || average[0].Data.([]float32)[0] != 2 {
			t.Errorf("%d: average %v, error %v", n, average, err)
		}
		one, err1 := w.SHA256(false)
		two, err2 := w.SHA256(true)
		if err1 != nil || err2 != nil || len(one) != sumDigits || len(two) != sumDigits || one == two {
			t.Errorf("%d: sums %q %q, errors %v %v", n, one, two, err1, err2)
		}
		names := []string{"model.safetensors", "optimizer.safetensors", "state.json", "vocabulary"}
		version := FormatVersion
		if n > 1 {
			names, version = []string{"model.safetensors"}, dividedVersion
			for i := range n {
				names = append(names, fmt.Sprintf("optimizer-%05d-of-%05d.safetensors", i+1, n))
			}
			names = append(names, "state.json", "vocabulary")
		}
		entries, err := os.ReadDir(c.Dir)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, e := range entries {
			found = append(found, e.Name())
		}
		if !reflect.DeepEqual(found, names) || c.State.FormatVersion != version || c.State.Serial != 2 || c.OptimizerPath() != filepath.Join(c.Dir, names[1]) {
			t.Errorf("%d: files %q, version %d, serial %d", n, found, c.State.FormatVersion, c.State.Serial)
		}
		if got := steps(t, run); got != "1 2(last)" {
			t.Errorf("%d: saved %s", n, got)
		}
	}
}

// failTogether saves a step with three processes, of which each has a disk and options of its own, and returns the errors.
func failTogether(run string, f func(rank int, opt *SaveOptions) disk) []error {
	return together(3, func(g *comm.Group) error {
		opt := SaveOptions{Group: g}
		d := f(g.Rank(), &opt)
		s := newSaver(d, run, opt)
		model, _ := tensorsOf(2)
		state := dividedState(2, g.Rank(), 3)
		if err := s.Reserve(model, state); err != nil {
			return err
		}
		if err := s.Submit(stateOf(2), model, state); err != nil {
			return err
		}
		return s.Close()
	})
}

// TestTogetherFails: when the disk of one process fails at any operation, once or for good, all processes return an error
// that says which, the checkpoint is whole for all or absent for all, and the next save works.
func TestTogetherFails(t *testing.T) {
	for bad := range 3 {
		for _, dead := range []bool{false, true} {
			for operations := 0; ; operations++ {
				run := t.TempDir()
				saveTogether(t, run, 2, 1)
				d := &failingDisk{operations: operations, bytes: math.MaxInt, dead: dead}
				errs := failTogether(run, func(rank int, opt *SaveOptions) disk {
					if rank == bad {
						return d
					}
					return osDisk{}
				})
				if !d.failed {
					if err := errors.Join(errs...); err != nil || operations < 2 {
						t.Fatalf("after %d operations: %v", operations, err)
					}
					break
				}
				for r, err := range errs {
					text := fmt.Sprint(err)
					if !strings.Contains(text, "injected failure") || (r != bad) != strings.Contains(text, fmt.Sprintf("rank %d", bad)) || errors.Is(err, ErrHousekeeping) && !exists(StepDir(run, 2)) {
						t.Errorf("disk of %d, operation %d, dead %v: process %d: %v", bad, operations, dead, r, err)
					}
				}
				want := int64(1)
				if exists(StepDir(run, 2)) {
					want = 2
				}
				loadTogether(t, run, 2, want)
				saveTogether(t, run, 2, 3)
				loadTogether(t, run, 3, 3)
				if got := steps(t, run); strings.Contains(got, ".") {
					t.Errorf("disk of %d, operation %d, dead %v: the next save left %s", bad, operations, dead, got)
				}
			}
		}
	}
}

// TestTogetherIsFull: the advice about a full disk reaches the process that shows errors.
func TestTogetherIsFull(t *testing.T) {
	run := t.TempDir()
	errs := failTogether(run, func(rank int, opt *SaveOptions) disk {
		if rank == 2 {
			opt.Before = func() error { return os.ErrPermission }
		}
		return osDisk{}
	})
	for r, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "correct its permissions") || strings.Count(err.Error(), "permissions") != 1 {
			t.Errorf("process %d: %v", r, err)
		}
	}
}

// TestTogetherRejects: a checkpoint that one process rejects is absent for all, without an error.
func TestTogetherRejects(t *testing.T) {
	run := t.TempDir()
	saveTogether(t, run, 3, 1)
	before := steps(t, run)
	for bad := range 3 {
		errs := together(3, func(g *comm.Group) error {
			s := NewSaver(run, SaveOptions{Group: g})
			model, _ := tensorsOf(2)
			state := dividedState(2, g.Rank(), 3)
			if err := errors.Join(s.Reserve(model, state), s.Propose(stateOf(2), model, state)); err != nil {
				return err
			}
			if g.Rank() == bad {
				s.Reject()
			} else {
				s.Accept()
			}
			return s.Close()
		})
		if err := errors.Join(errs...); err != nil || steps(t, run) != before {
			t.Errorf("rejected by %d: %s, error %v", bad, steps(t, run), err)
		}
	}
}

// TestTogetherWithoutReserve: which process writes which array is not known before Reserve.
func TestTogetherWithoutReserve(t *testing.T) {
	errs := together(2, func(g *comm.Group) error {
		s := NewSaver(t.TempDir(), SaveOptions{Group: g})
		model, _ := tensorsOf(2)
		return errors.Join(s.Submit(stateOf(2), model, nil), s.Close())
	})
	for r, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "only after Reserve") {
			t.Errorf("process %d: %v", r, err)
		}
	}
}

// TestTogetherLosesOne: a process that fails in the middle of a save ends it for all. What is left is removed by the next.
func TestTogetherLosesOne(t *testing.T) {
	for lost := range 3 {
		run := t.TempDir()
		saveTogether(t, run, 3, 1)
		errs := failTogether(run, func(rank int, opt *SaveOptions) disk {
			if rank == lost {
				opt.Before = func() error {
					opt.Group.Fail(errors.New("lost"))
					return errors.New("lost")
				}
			}
			return osDisk{}
		})
		for r, err := range errs {
			var peer *comm.PeerError
			if !errors.As(err, &peer) || peer.Rank != lost {
				t.Errorf("without %d: process %d: %v", lost, r, err)
			}
		}
		loadTogether(t, run, 2, 1)
		saveTogether(t, run, 2, 2)
		if got := steps(t, run); got != "1 2(last)" {
			t.Errorf("without %d: %s", lost, got)
		}
	}
}

// TestTogetherLosesOneBefore: a process that fails before a save leaves nothing behind.
func TestTogetherLosesOneBefore(t *testing.T) {
	run := t.TempDir()
	saveTogether(t, run, 2, 1)
	errs := together(2, func(g *comm.Group) error {
		s := NewSaver(run, SaveOptions{Group: g})
		model, _ := tensorsOf(2)
		state := dividedState(2, g.Rank(), 2)
		if err := errors.Join(s.Reserve(model, state), s.Wait()); err != nil {
			return err
		}
		if g.Rank() == 1 {
			g.Fail(errors.New("lost"))
		}
		return errors.Join(s.Submit(stateOf(2), model, state), s.Close())
	})
	for r, err := range errs {
		if !errors.As(err, new(*comm.PeerError)) {
			t.Errorf("process %d: %v", r, err)
		}
	}
	if got := steps(t, run); got != "1(last)" {
		t.Errorf("left %s", got)
	}
}

// TestTogetherCopies: a process copies only what it writes, and looks at all weights all the same.
func TestTogetherCopies(t *testing.T) {
	run := t.TempDir()
	for r, err := range together(3, func(g *comm.Group) error {
		s := NewSaver(run, SaveOptions{Group: g})
		model, _ := tensorsOf(2)
		state := dividedState(2, g.Rank(), 3)
		if err := errors.Join(s.Reserve(model, state), s.Wait()); err != nil {
			return err
		}
		model[0].Data.([]float32)[3] = float32(math.NaN())
		weights, arrays := 0, len(state)-2
		if g.Rank() == 0 {
			weights, arrays = len(model), len(state)
		}
		for range 2 { // reserved, then used
			if len(s.copy.model) != weights || len(s.copy.optimizer) != arrays {
				return fmt.Errorf("%d weights and %d arrays copied, want %d and %d", len(s.copy.model), len(s.copy.optimizer), weights, arrays)
			}
			if err := s.Submit(stateOf(2), model, state); err != nil {
				return err
			}
			if s.BeforeChange() {
				return errors.New("a weight that is not finite was not seen")
			}
		}
		return s.Close()
	}) {
		if err != nil {
			t.Errorf("process %d: %v", r, err)
		}
	}
}

// TestFilesOfAState: the names of divided files are taken from state.json only where they make sense.
func TestFilesOfAState(t *testing.T) {
	for _, c := range []struct {
		version int
		files   []string
		want    string
	}{
		{3, []string{modelFile, optimizerFile}, ""},
		{3, []string{modelFile, dividedFile("optimizer", 0, 2), dividedFile("optimizer", 1, 2)}, ""},
		{2, []string{modelFile, dividedFile("optimizer", 0, 2), dividedFile("optimizer", 1, 2)}, "it has no checksum of optimizer.safetensors"},
		{3, []string{modelFile, dividedFile("optimizer", 0, 2)}, "it has no checksum of optimizer-00002-of-00002.safetensors"},
		{3, []string{modelFile, "optimizer-00000-of-00000.safetensors"}, "it has no checksum of optimizer.safetensors"},
		{3, []string{modelFile, dividedFile("optimizer", 0, 1001)}, "it has no checksum of optimizer.safetensors"},
		{3, []string{modelFile, dividedFile("other", 0, 1)}, "it has no checksum of optimizer.safetensors"},
		{3, []string{dividedFile("optimizer", 0, 1)}, "it has no checksum of model.safetensors"},
	} {
		s := stateFile{State: stateOf(1), Files: map[string]fileSum{}}
		s.FormatVersion = c.version
		for _, name := range c.files {
			s.Files[name] = fileSum{1, "a"}
		}
		text, err := s.encode()
		if err != nil {
			t.Fatal(err)
		}
		_, err = decodeState(text, "state.json")
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("version %d, files %q: error %v, want %q", c.version, c.files, err, c.want)
		}
	}
}

// TestTogetherIncomplete: pieces that do not make up the arrays are found out before the checkpoint has a name.
func TestTogetherIncomplete(t *testing.T) {
	run := t.TempDir()
	whole := func(at int) func(int, []params.Array) []params.Array {
		return func(rank int, a []params.Array) []params.Array {
			if rank == at {
				return wholeState(2)[:1]
			}
			return a
		}
	}
	second := func(f func(a *params.Array)) func(int, []params.Array) []params.Array {
		return func(rank int, a []params.Array) []params.Array {
			if rank == 1 {
				f(&a[0])
			}
			return a
		}
	}
	for want, change := range map[string]func(int, []params.Array) []params.Array{
		"elements 2 to 5 are in no file":        func(rank int, a []params.Array) []params.Array { return a[:2*(1-rank)] },
		"elements 1 to 2 are in the set more":   second(func(a *params.Array) { a.Offset = 1 }),
		"elements 0 to 2 are in the set more":   whole(1),
		"elements 2 to 5 are in the set more":   whole(0),
		"it is of a tensor [12] of F32, in [3 ": second(func(a *params.Array) { a.Whole = []int{12} }),
	} {
		errs := together(2, func(g *comm.Group) error {
			model, _ := tensorsOf(2)
			m := wholeState(2)[0]
			piece := func(lo, hi int) params.Array {
				return params.Array{Name: m.Name, Shape: []int{hi - lo}, Data: m.Data.([]float32)[lo:hi], Whole: m.Shape, Offset: lo}
			}
			state := []params.Array{piece(0, 2), piece(5, 12)}
			if g.Rank() == 1 {
				state = []params.Array{piece(2, 5)}
			}
			_, err := Save(run, stateOf(2), model, change(g.Rank(), state), SaveOptions{Group: g})
			return err
		})
		for r, err := range errs {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("process %d: %v, want an error with %q", r, err, want)
			}
		}
		if got := steps(t, run); got != "" {
			t.Errorf("%s: saved %s", want, got)
		}
	}
}

// TestTogetherPassesOver: a checkpoint that is damaged, in whatever file, is passed over by all processes.
func TestTogetherPassesOver(t *testing.T) {
	for i := range 3 {
		run := t.TempDir()
		saveTogether(t, run, 3, 1, 2)
		path := filepath.Join(StepDir(run, 2), dividedFile("optimizer", i, 3))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)-1] ^= 1
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		loadTogether(t, run, 2, 1)
		loadTogether(t, run, 3, 1)
		for r, err := range together(3, func(g *comm.Group) error {
			_, err := LoadTogether(g, StepDir(run, 2))
			return err
		}) {
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "does not match the checksum") {
				t.Errorf("file %d: process %d: %v", i, r, err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		loadTogether(t, run, 3, 1)
	}
	for r, err := range together(3, func(g *comm.Group) error {
		_, err := LoadTogether(g, t.TempDir())
		return err
	}) {
		if !errors.Is(err, ErrNone) {
			t.Errorf("process %d: %v", r, err)
		}
	}
}

// TestTogetherUpdates: the state of a checkpoint is updated by one process, and all wait for it.
func TestTogetherUpdates(t *testing.T) {
	run := t.TempDir()
	errs := together(2, func(g *comm.Group) error {
		s := NewSaver(run, SaveOptions{Group: g})
		model, _ := tensorsOf(2)
		state := dividedState(2, g.Rank(), 2)
		updated := stateOf(2)
		updated.Best = &Best{Metric: "loss", Value: 0.5, Step: 2}
		err := errors.Join(s.Reserve(model, state), s.Submit(stateOf(2), model, state), s.Update(updated), s.Wait())
		if got := steps(t, run); err == nil && got != "2(last)(best)" {
			err = errors.New(got)
		}
		updated.Step = 3 // not there
		if e := errors.Join(s.Update(updated), s.Wait()); e == nil || !strings.Contains(e.Error(), "cannot update checkpoint") {
			err = errors.Join(err, fmt.Errorf("of a checkpoint that is not there: %v", e))
		}
		s.Close()
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	loadTogether(t, run, 3, 2)
}

// TestTogetherUpdatesWithoutLinks: when an update is made but a link cannot be moved, that is ErrHousekeeping in all
// processes, so that all go on.
func TestTogetherUpdatesWithoutLinks(t *testing.T) {
	run := t.TempDir()
	saveTogether(t, run, 2, 2)
	if err := os.MkdirAll(filepath.Join(root(run), "best", "mine"), 0o777); err != nil { // no link can have this name
		t.Fatal(err)
	}
	updated := stateOf(2)
	updated.Best = &Best{Metric: "loss", Value: 0.5, Step: 2}
	for r, err := range together(2, func(g *comm.Group) error {
		s := NewSaver(run, SaveOptions{Group: g})
		defer s.Close()
		return errors.Join(s.Update(updated), s.Wait())
	}) {
		if !errors.Is(err, ErrHousekeeping) {
			t.Errorf("process %d: %v", r, err)
		}
	}
}

// TestLargestTeam: as many processes can save as a divided set has files.
func TestLargestTeam(t *testing.T) {
	if err := errors.Join(checkTeam(1), checkTeam(maxShards)); err != nil {
		t.Error(err)
	}
	if err := checkTeam(maxShards + 1); err == nil || !strings.Contains(err.Error(), fmt.Sprint("up to ", maxShards)) {
		t.Errorf("one more: %v", err)
	}
}
