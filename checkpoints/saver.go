package checkpoints

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"goomtrain/params"
)

// A Saver saves in the background, with all guarantees of Save. Submit copies the arrays into buffers that are
// allocated once, one copy of model and optimizer, and a goroutine writes them while training continues. Its
// methods may be called from several goroutines.
type Saver struct {
	runDir string
	opt    SaveOptions
	disk   disk

	mu               sync.Mutex // also held while waiting, so that calls are serialized
	busy             bool       // a write is in progress, or its result has not been read
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

// NewSaver starts a saver for a run folder. The caller must Close it.
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

// Submit waits for the previous write, copies state and arrays, and returns while they are being written. The
// caller may then change them. An error is either that of the previous write, in which case this one has
// started nonetheless (errors.Is(err, ErrPrevious)), or says why these arrays cannot be stored.
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

// Update is UpdateState in the background, after the previous write. Errors are as for Submit.
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

// Wait waits until no write is in progress and returns the error of the last one, unless an earlier call
// returned it.
func (s *Saver) Wait() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wait()
}

// Close waits, ends the goroutine and returns the first error of all writes. Further calls return the same
// error.
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

// ErrPrevious marks an error of Submit or Update that belongs to the previous write. The new one is in
// progress.
var ErrPrevious = errors.New("the previous save")

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

// stageData copies src into the slice that dst holds, or into a new one if type or length differ.
func stageData[T any](dst *any, src []T) {
	if own, ok := (*dst).([]T); ok && len(own) == len(src) {
		copy(own, src)
		return
	}
	*dst = slices.Clone(src)
}

// clone copies everything that a caller could change.
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
