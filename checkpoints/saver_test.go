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

// After the first Submit the staged copy is reused: what further saves allocate does not grow with the
// arrays.
func TestSaverReusesItsBuffers(t *testing.T) {
	var dst []params.Array
	src := []params.Array{{Name: "w", Shape: []int{1 << 16}, Data: make([]float32, 1<<16)}, {Name: "n", Data: []int64{1}}}
	dst = stage(dst, src)
	if n := testing.AllocsPerRun(10, func() { dst = stage(dst, src) }); n > 0 {
		t.Errorf("%v allocations to stage arrays of the same shapes", n)
	}
	src[1] = params.Array{Name: "n", Shape: []int{2}, Data: []int32{1, 2}} // another type and length
	dst = stage(dst, src)
	if !reflect.DeepEqual(dst[1], src[1]) {
		t.Errorf("staged %v", dst[1])
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
