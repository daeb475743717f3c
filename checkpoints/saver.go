package checkpoints

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"goomtrain/params"
)

// A Saver saves in the background, with all guarantees of Save, while training continues:
//
//	saver.Submit(state, model, optimizer)   // begins to copy the arrays
//	...                                     // work that reads them and does not change them
//	saver.BeforeChange()                    // returns when all are copied
//	...                                     // they may change
//
// The copy is made on a goroutine of the Saver, into memory that is allocated once, as much as model and optimizer
// take. What it has not yet copied when BeforeChange is called, BeforeChange copies on all cores. Then the goroutine
// writes the copy. The methods may be called from several goroutines.
type Saver struct {
	runDir string
	opt    SaveOptions
	disk   disk

	mu      sync.Mutex // also held while waiting, so that calls are serialized
	busy    bool       // a job is in progress, or its result has not been read
	closed  bool
	first   error
	copy    snapshot
	others  map[string]bool // whole arrays of the optimizer that another process writes
	ready   bool            // Reserve has found out which
	verdict chan bool       // of the proposal that is not yet decided; nil: there is none
	jobs    chan func() error
	results chan error
}

var errClosed = errors.New("checkpoints: the Saver is closed")

// NewSaver starts a saver for a run folder. The caller must Close it.
func NewSaver(runDir string, opt SaveOptions) *Saver { return newSaver(osDisk{}, runDir, opt) }

func newSaver(d disk, runDir string, opt SaveOptions) *Saver {
	s := &Saver{runDir: runDir, opt: opt, disk: d, jobs: make(chan func() error), results: make(chan error, 1)}
	go func() { // one job at a time until Close
		for job := range s.jobs {
			s.results <- job()
		}
	}()
	return s
}

// Reserve allocates, in the background, the memory for the copies of such arrays, which the first save would otherwise
// do. Of several processes, all must call it first, once.
func (s *Saver) Reserve(model, optimizer []params.Array) error {
	if err := errors.Join(checkArrays(model), checkArrays(optimizer)); err != nil {
		return fmt.Errorf("cannot reserve memory for saving: %w", err)
	}
	if err := checkTeam(s.team().size()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	err := s.wait()
	s.start(func() (err error) {
		if s.others, err = s.team().others(optimizer); err != nil {
			return err
		}
		s.ready = true
		s.copy.reserve(s.copied(model), without(optimizer, s.others))
		return nil
	})
	return previous(err)
}

func (s *Saver) team() team { return team{s.opt.Group} }

// copied returns the weights that this process copies: of several, process 0 does.
func (s *Saver) copied(model []params.Array) []params.Array {
	if s.team().rank() > 0 {
		return nil
	}
	return model
}

// Submit waits for the previous write, begins to copy and returns. The caller must not change the arrays until
// BeforeChange has returned; the state is copied. An error is either that of the previous write, in which case this one
// has started nonetheless (errors.Is(err, ErrPrevious)), or says why these arrays cannot be stored.
func (s *Saver) Submit(state State, model, optimizer []params.Array) error {
	return s.submit(state, model, optimizer, true)
}

// Propose is Submit for a checkpoint of which it is not yet known whether it is good. It is written, but gets its name
// only after Accept. Reject removes it, and so does every other method that waits for it.
func (s *Saver) Propose(state State, model, optimizer []params.Array) error {
	return s.submit(state, model, optimizer, false)
}

func (s *Saver) submit(state State, model, optimizer []params.Array, accepted bool) error {
	if err := errors.Join(checkArrays(model), checkArrays(optimizer)); err != nil {
		return fmt.Errorf("cannot save step %d: %w", state.Step, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	err := s.wait()
	if !s.ready && s.team().size() > 1 {
		return errors.Join(err, errors.New("checkpoints: several processes save together only after Reserve"))
	}
	s.copy.begin(model, without(optimizer, s.others), s.team().rank() == 0)
	verdict := make(chan bool, 1)
	s.verdict = verdict
	state, opt := state.clone(), s.opt
	opt.accepted = func() bool { return <-verdict }
	s.start(func() error {
		s.copy.trickle()
		dir, err := save(s.disk, s.runDir, state, s.copy.model, s.copy.optimizer, opt)
		if errors.Is(err, errRejected) {
			return nil // as its owner wants
		}
		return s.report(dir, err)
	})
	if accepted {
		s.decide(true)
	}
	return previous(err)
}

// BeforeChange returns when the arrays of the last Submit or Propose are copied and may change. It reports whether all
// weights among them were finite; true if nothing was submitted.
func (s *Saver) BeforeChange() (finite bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.copy.done != nil {
		s.copy.finish()
	}
	return !s.copy.bad.Load()
}

// Accept lets the proposed checkpoint be saved. It does nothing if there is none.
func (s *Saver) Accept() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decide(true)
}

// Reject drops the proposed checkpoint. It does nothing if there is none.
func (s *Saver) Reject() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decide(false)
}

func (s *Saver) decide(good bool) {
	if s.verdict != nil {
		s.verdict <- good
		s.verdict = nil
	}
}

// Update is UpdateState in the background, after the previous write. Errors are as for Submit.
func (s *Saver) Update(state State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	err := s.wait()
	state = state.clone()
	s.start(func() error {
		var err error
		if s.team().rank() == 0 {
			err = updateState(s.disk, s.runDir, state)
		}
		_, err = s.team().round(word{}, err)
		return s.report(StepDir(s.runDir, state.Step), err)
	})
	return previous(err)
}

// report tells the outcome of a write to the owner.
func (s *Saver) report(dir string, err error) error {
	if s.opt.Done != nil {
		s.opt.Done(dir, err)
	}
	return err
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
		s.copy = snapshot{}
	}
	return s.first
}

func (s *Saver) start(job func() error) {
	s.busy = true
	s.jobs <- job
}

func (s *Saver) wait() error {
	if !s.busy {
		return nil
	}
	s.decide(false) // it would wait for ever
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
