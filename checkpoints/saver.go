package checkpoints

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"goomtrain/params"
)

// A Saver saves off the training path, with all that Save promises. Submit copies the arrays into buffers
// of its own (one copy of model and optimiser, allocated by the first Submit and reused) and one
// goroutine writes them while training goes on. Its methods may be called from several goroutines.
type Saver struct {
	runDir string
	opt    SaveOptions
	disk   disk

	mu               sync.Mutex // held while waiting too: calls follow one another
	busy             bool       // a write is under way, or its result not yet taken
	closed           bool
	first            error
	model, optimizer []params.Array // staged; the goroutine reads them while busy
	jobs             chan job
	results          chan error
}

// A job is one write: of a checkpoint, or of its state alone.
type job struct {
	state     State
	stateOnly bool
}

var errClosed = errors.New("checkpoints: the Saver is closed")

// NewSaver starts a saver for a run folder. Close it.
func NewSaver(runDir string, opt SaveOptions) *Saver { return newSaver(osDisk{}, runDir, opt) }

func newSaver(d disk, runDir string, opt SaveOptions) *Saver {
	s := &Saver{runDir: runDir, opt: opt, disk: d, jobs: make(chan job), results: make(chan error, 1)}
	go s.write()
	return s
}

// write is the goroutine: one job at a time until Close.
func (s *Saver) write() {
	for j := range s.jobs {
		var dir string
		var err error
		if j.stateOnly {
			dir, err = StepDir(s.runDir, j.state.Step), updateState(s.disk, s.runDir, j.state)
		} else {
			dir, err = save(s.disk, s.runDir, j.state, s.model, s.optimizer, s.opt)
		}
		if s.opt.Done != nil {
			s.opt.Done(dir, err)
		}
		s.results <- err
	}
}

// Submit waits for the write under way, copies state and arrays, and returns while they are written. When
// it returns the caller may change them. An error is either that of the write before (this one is under
// way nonetheless: errors.Is(err, ErrPrevious)), or says why these arrays cannot be stored.
func (s *Saver) Submit(state State, model, optimizer []params.Array) error {
	if err := errors.Join(checkArrays(model), checkArrays(optimizer)); err != nil {
		return fmt.Errorf("cannot save step %d: %w", state.Step, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	err := s.wait()
	s.model, s.optimizer = stage(s.model, model), stage(s.optimizer, optimizer)
	s.start(job{state: state.clone()})
	return previous(err)
}

// Update is UpdateState after the write under way, itself under way when it returns. Errors are as
// Submit's.
func (s *Saver) Update(state State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	err := s.wait()
	s.start(job{state: state.clone(), stateOnly: true})
	return previous(err)
}

// Wait waits until nothing is under way and returns the error of the last write, unless a call before
// has returned it.
func (s *Saver) Wait() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wait()
}

// Close waits, ends the goroutine and returns the first error of all writes. Further calls return the
// same.
func (s *Saver) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.wait() // kept in s.first
		s.closed = true
		close(s.jobs)
		s.model, s.optimizer = nil, nil
	}
	return s.first
}

func (s *Saver) start(j job) {
	s.busy = true
	s.jobs <- j
}

func (s *Saver) wait() error {
	if !s.busy {
		return nil
	}
	err := <-s.results
	s.busy = false
	if s.first == nil {
		s.first = err
	}
	return err
}

// ErrPrevious marks an error of Submit or Update that belongs to the write before; the one asked for is
// under way.
var ErrPrevious = errors.New("the save before failed")

func previous(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrPrevious, err)
}

// stage copies src into dst, reusing its memory, and returns it.
func stage(dst, src []params.Array) []params.Array {
	for len(dst) < len(src) {
		dst = append(dst, params.Array{})
	}
	dst = dst[:len(src)]
	for i, a := range src {
		dst[i].Name = a.Name
		dst[i].Shape = append(dst[i].Shape[:0], a.Shape...)
		switch data := a.Data.(type) {
		case []float32:
			stageData(&dst[i].Data, data)
		case []float64:
			stageData(&dst[i].Data, data)
		case []int64:
			stageData(&dst[i].Data, data)
		case []int32:
			stageData(&dst[i].Data, data)
		case []uint8:
			stageData(&dst[i].Data, data)
		}
	}
	return dst
}

// stageData copies src into the slice that dst holds, or a new one if that has another type or length.
func stageData[T any](dst *any, src []T) {
	if own, ok := (*dst).([]T); ok && len(own) == len(src) {
		copy(own, src)
		return
	}
	*dst = slices.Clone(src)
}

// clone copies what a caller might change.
func (s State) clone() State {
	s.Data = bytes.Clone(s.Data)
	for _, b := range []**Best{&s.Best, &s.Ended} {
		if *b != nil {
			copied := **b
			*b = &copied
		}
	}
	return s
}
