package checkpoints

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"goomtrain/params"
)

// blockingDisk holds every file back until the test lets it go.
type blockingDisk struct {
	osDisk
	entered, proceed chan struct{}
}

func (d blockingDisk) writeFile(path string, write func(io.Writer) error) error {
	d.entered <- struct{}{}
	<-d.proceed
	return d.osDisk.writeFile(path, write)
}

// What Submit was given is saved, whatever the caller does to its arrays after Submit has returned; the
// next Submit waits, so nothing is mixed.
func TestSaverCopies(t *testing.T) {
	run := t.TempDir()
	d := blockingDisk{entered: make(chan struct{}), proceed: make(chan struct{})}
	s := newSaver(d, run, SaveOptions{Keep: 9})
	model, optimizer := tensorsOf(1)
	state := stateOf(1)
	if err := s.Submit(state, model, optimizer); err != nil {
		t.Fatal(err)
	}
	<-d.entered // the write has begun and not written a byte
	next, nextOptimizer := tensorsOf(2)
	for i := range model {
		copy(model[i].Data.([]float32), next[i].Data.([]float32)) // a training step
	}
	copy(optimizer[0].Data.([]float32), nextOptimizer[0].Data.([]float32))
	copy(optimizer[1].Data.([]int64), nextOptimizer[1].Data.([]int64))
	state.Data[2] = 'X'
	submitted := make(chan error)
	go func() { submitted <- s.Submit(stateOf(2), model, optimizer) }()
	go func() {
		for range d.entered {
		}
	}()
	close(d.proceed)
	if err := errors.Join(<-submitted, s.Close()); err != nil {
		t.Fatal(err)
	}
	close(d.entered)
	for step := range int64(2) {
		if c, got := mustBeWhole(t, StepDir(run, step+1)); got != step+1 || !reflect.DeepEqual(c.State.Data, stateOf(1).Data) {
			t.Errorf("step %d holds step %d, data %s", step+1, got, c.State.Data)
		}
	}
	if err := s.Submit(state, model, optimizer); err == nil {
		t.Error("Submit after Close")
	}
}

func TestSaverUpdatesAndReports(t *testing.T) {
	run := t.TempDir()
	var done []string
	s := NewSaver(run, SaveOptions{Done: func(dir string, err error) { done = append(done, filepath.Base(dir)) }})
	model, optimizer := tensorsOf(4)
	state := stateOf(4)
	if err := s.Submit(state, model, optimizer); err != nil {
		t.Fatal(err)
	}
	state.Best = &Best{Metric: "loss", Value: 0.5, Step: 4}
	if err := errors.Join(s.Update(state), s.Wait(), s.Wait(), s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if c, _ := mustBeWhole(t, filepath.Join(root(run), "best")); c.State.Best.Value != 0.5 {
		t.Errorf("state %+v", c.State)
	}
	if !reflect.DeepEqual(done, []string{"step-00000004", "step-00000004"}) {
		t.Errorf("Done was called with %q", done)
	}
}

// A write that fails is told by the next call and by Close; the saver goes on.
func TestSaverReportsFailures(t *testing.T) {
	run := t.TempDir()
	d := &failingDisk{operations: math.MaxInt, bytes: 100}
	s := newSaver(d, run, SaveOptions{})
	for step := int64(1); step <= 3; step++ {
		model, optimizer := tensorsOf(step)
		err := s.Submit(stateOf(step), model, optimizer)
		if want := step == 2; errors.Is(err, ErrPrevious) != want || errors.Is(err, errInjected) != want {
			t.Errorf("Submit of step %d: %v", step, err)
		}
	}
	if err := s.Submit(stateOf(4), []params.Array{{Name: "x", Shape: []int{2}, Data: []float32{1}}}, nil); err == nil || errors.Is(err, ErrPrevious) {
		t.Errorf("bad array: %v", err)
	}
	if err := s.Close(); !errors.Is(err, errInjected) {
		t.Errorf("Close: %v", err)
	}
	if got := steps(t, run); got != "2 3(last)" {
		t.Errorf("saved: %s", got)
	}
}

// After the first Submit the memory of the copy is reused: what further saves allocate does not grow with the
// arrays.
func TestSaverReusesItsBuffers(t *testing.T) {
	var c snapshot
	src := []params.Array{{Name: "w", Shape: []int{1 << 16}, Data: make([]float32, 1<<16)}, {Name: "n", Data: []int64{1}}}
	c.reserve(src, src)
	if n := testing.AllocsPerRun(10, func() { c.begin(src, src, true); c.finish() }); n > 1 { // the channel
		t.Errorf("%v allocations to copy arrays of the same shapes", n)
	}
	src[1] = params.Array{Name: "n", Shape: []int{2}, Data: []int32{1, 2}, Whole: []int{5}, Offset: 3} // another type and length
	c.begin(src, nil, true)
	c.finish()
	if !reflect.DeepEqual(c.model[1], src[1]) || len(c.optimizer) > 0 {
		t.Errorf("copied %v, %v", c.model[1], c.optimizer)
	}
	src[1].Whole, src[1].Offset = nil, 0
	c.begin(src, nil, true)
	if c.finish(); !reflect.DeepEqual(c.model[1], src[1]) {
		t.Errorf("copied %v", c.model[1])
	}
}

// A copy is complete whoever makes it: the goroutine in the background, the owner, or both, in memory that held others.
func TestSnapshotIsComplete(t *testing.T) {
	const n = 3*pieceLength + 5
	model := []params.Array{{Name: "w", Shape: []int{n}, Data: make([]float32, n)}, {Name: "d", Shape: []int{n}, Data: make([]float64, n)}}
	optimizer := []params.Array{{Name: "i", Shape: []int{n}, Data: make([]int64, n)}, {Name: "j", Shape: []int{n}, Data: make([]int32, n)}, {Name: "b", Shape: []int{n}, Data: make([]uint8, n)}, {Name: "none", Shape: []int{0}, Data: []float32{}}}
	var c snapshot
	for round := range 30 {
		for i := range n {
			x := i + round
			model[0].Data.([]float32)[i], model[1].Data.([]float64)[i] = float32(x), float64(x)
			optimizer[0].Data.([]int64)[i], optimizer[1].Data.([]int32)[i], optimizer[2].Data.([]uint8)[i] = int64(x), int32(x), uint8(x)
		}
		c.begin(model, optimizer, true)
		switch round % 3 {
		case 0:
			c.trickle()
		case 1:
			c.finish()
		case 2:
			go c.trickle()
			c.finish()
		}
		if !reflect.DeepEqual(c.model, model) || !reflect.DeepEqual(c.optimizer, optimizer) {
			t.Fatalf("round %d: the copy differs", round)
		}
	}
	c.begin(nil, nil, true)
	c.finish()
}

// Of weights, and of nothing else, a number that is not finite is found wherever it is.
func TestBeforeChangeFindsWhatIsNotFinite(t *testing.T) {
	const n = pieceLength + 3
	s := NewSaver(t.TempDir(), SaveOptions{Keep: 1})
	if !s.BeforeChange() {
		t.Error("before the first save")
	}
	x, y := make([]float32, n), make([]float64, n)
	x[0], x[1], y[0], y[1] = math.MaxFloat32, -math.MaxFloat32, math.MaxFloat64, -math.SmallestNonzeroFloat64
	arrays := []params.Array{{Name: "x", Shape: []int{n}, Data: x}, {Name: "y", Shape: []int{n}, Data: y}}
	check := func(want bool, model, optimizer []params.Array) {
		t.Helper()
		if err := s.Submit(stateOf(1), model, optimizer); err != nil {
			t.Fatal(err)
		}
		if got := s.BeforeChange(); got != want {
			t.Errorf("finite %v, want %v", got, want)
		}
	}
	check(true, arrays, nil)
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, i := range []int{0, n - 1} {
			kept := x[i]
			x[i] = float32(bad)
			check(false, arrays, nil)
			x[i] = kept
			y[i] = bad
			check(false, arrays, nil)
			check(true, arrays[:1], arrays[1:])
			y[i] = 0
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A proposal is a checkpoint after Accept and leaves nothing behind otherwise, whatever is called instead.
func TestProposals(t *testing.T) {
	run := t.TempDir()
	mustSave(t, run, stateOf(1), SaveOptions{})
	before := steps(t, run)
	s := NewSaver(run, SaveOptions{Done: func(dir string, err error) {
		if filepath.Base(dir) != "step-00000002" || err != nil {
			t.Errorf("Done was called with %q, %v", dir, err)
		}
	}})
	model, optimizer := tensorsOf(2)
	propose := func() {
		t.Helper()
		if err := s.Propose(stateOf(2), model, optimizer); err != nil {
			t.Fatal(err)
		}
	}
	propose()
	s.Reject()
	s.Accept() // too late
	if err := s.Wait(); err != nil || steps(t, run) != before {
		t.Errorf("rejected: %s, error %v", steps(t, run), err)
	}
	propose()
	if err := s.Wait(); err != nil || steps(t, run) != before {
		t.Errorf("not decided: %s, error %v", steps(t, run), err)
	}
	propose()
	if _, step := mustBeWhole(t, run); step != 1 {
		t.Errorf("step %d before Accept", step)
	}
	s.Accept()
	s.Reject() // too late
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, step := mustBeWhole(t, run); step != 2 {
		t.Errorf("step %d after Accept", step)
	}
	last := NewSaver(run, SaveOptions{})
	if err := errors.Join(last.Propose(stateOf(3), model, optimizer), last.Close()); err != nil || !loadsStep(t, run, 2) {
		t.Errorf("closed: %s, error %v", steps(t, run), err)
	}
}

// The function Before is called when a checkpoint is complete but for its name, and can prevent it.
func TestBefore(t *testing.T) {
	run, calls := t.TempDir(), 0
	mustSave(t, run, stateOf(1), SaveOptions{})
	before := steps(t, run)
	opt := SaveOptions{Before: func() error {
		if calls++; steps(t, run) == before {
			t.Error("nothing is written yet")
		}
		return errInjected
	}}
	model, optimizer := tensorsOf(2)
	if dir, err := Save(run, stateOf(2), model, optimizer, opt); dir != "" || !errors.Is(err, errInjected) || steps(t, run) != before || calls != 1 {
		t.Errorf("%q, error %v; %s after %d calls", dir, err, steps(t, run), calls)
	}
}

func TestSaverIntoAFile(t *testing.T) {
	run := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(run, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s := NewSaver(run, SaveOptions{})
	model, optimizer := tensorsOf(1)
	if err := s.Submit(stateOf(1), model, optimizer); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "cannot save checkpoint step-00000001 in "+root(run)) {
		t.Errorf("got %v", err)
	}
}
