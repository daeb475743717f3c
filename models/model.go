package models

import (
	"fmt"
	"slices"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// Stats are the results of a batch.
type Stats struct {
	Loss    float64 // sum over counted targets, in nats
	Tokens  int     // counted targets
	Correct int     // counted targets whose logit was the largest

	Sequences        int // sequences with a counted target
	CorrectSequences int // those of them whose counted targets are all correct
}

// Add adds the results of another batch.
func (s *Stats) Add(other Stats) {
	s.Loss += other.Loss
	s.Tokens += other.Tokens
	s.Correct += other.Correct
	s.Sequences += other.Sequences
	s.CorrectSequences += other.CorrectSequences
}

// Trainable is what a training loop needs of a model. optional.go has what it can use besides.
type Trainable[F params.Float] interface {
	// Params lists the parameters, always in the same order.
	Params() []*params.Param[F]
	// Step runs the forward and backward pass on inputs and targets [size, length]. It adds the gradient of
	// (sum of losses)/denominator to the Grad of every parameter. A target of -1 is not counted.
	Step(inputs, targets []int32, size, length int, denominator float64) (Stats, error)
	// Evaluate runs the forward pass only, without randomness.
	Evaluate(inputs, targets []int32, size, length int) (Stats, error)
}

// Model runs a network. It compiles a graph for each batch size and length that it gets, and keeps the last
// graph for training and a few for evaluation.
type Model[F params.Float] struct {
	config  Config
	net     Network[F]
	head    *layers.Embedding[F] // of a Predicting network; nil: it is Classifying
	domain  Domain               // of a Classifying network
	params  []*params.Param[F]
	skipped []string // tensors of weights files that are not parameters
	train   *compiled[F]
	last    *compiled[F]   // of the last evaluation
	eval    []*compiled[F] // the most recently used first
	noise   *ops.Noise     // of training
	dims    map[string]int // of the states of streams, see stateDims; nil: not known yet
	profile bool

	start int32 // the token that begins a document, if documents are reset; noStart: they are not

	recompute  bool                           // run blocks again in the backward pass
	onGradient func(p *params.Param[F]) error // nil: none

	part *ops.Part // of each sequence; nil: all of it

	gpu *deviceModel[F] // nil: the model runs on the CPU
}

var (
	_ Trainable[float32] = (*Model[float32])(nil)
	_ Random             = (*Model[float32])(nil)
	_ Configured         = (*Model[float32])(nil)
	_ Streamer[float32]  = (*Model[float32])(nil)
	_ Profiler           = (*Model[float32])(nil)
	_ Recomputer         = (*Model[float32])(nil)
	_ Eager[float32]     = (*Model[float32])(nil)
	_ Predictor          = (*Model[float32])(nil)
	_ Scorer             = (*Model[float32])(nil)
	_ Patched            = (*Model[float32])(nil)
	_ Accelerated        = (*Model[float32])(nil)
	_ SequenceParallel   = (*Model[float32])(nil)
)

// FromNetwork returns the model of a network whose parameters are those of the set. The random numbers of its
// training follow from the seed of the set. It panics if the network is neither Predicting nor Classifying.
func FromNetwork[F params.Float](set params.Set[F], net Network[F]) *Model[F] {
	m := &Model[F]{start: noStart, net: net, params: set.All(), skipped: set.Skipped(), noise: ops.NewNoise(set.Seed())}
	switch net := net.(type) {
	case Classifying[F]:
		m.domain = net.Domain()
	case Predicting[F]:
		m.head = net.Head()
	default:
		panic(fmt.Sprintf("models: a %T has neither Head nor Scores and Domain: it must be Predicting or Classifying", net))
	}
	return m
}

// Config returns a copy of the configuration from which New built the model, or the zero Config for FromNetwork.
func (m *Model[F]) Config() Config { return m.config.Clone() }

// Params lists the parameters in the order in which the network made them.
func (m *Model[F]) Params() []*params.Param[F] { return m.params }

// context returns the length of the longest sequence; 0: no limit.
func (m *Model[F]) context() int {
	if b, ok := m.net.(Bounded); ok {
		return b.Context()
	}
	return 0
}

// Vocab returns S, the number of tokens, of a classifier those of the classes included.
func (m *Model[F]) Vocab() int {
	if m.head == nil {
		return m.domain.Vocab
	}
	return m.head.Table.Shape[0]
}

// Patch implements Patched.
func (m *Model[F]) Patch() int { return max(1, m.domain.Patch) }

// Draw implements Random. Before its first call the numbers are those of update 0.
func (m *Model[F]) Draw(update int64, first int) { m.noise.Step, m.noise.First = update, first }

// Step implements Trainable.
func (m *Model[F]) Step(inputs, targets []int32, size, length int, denominator float64) (Stats, error) {
	if err := m.check(inputs, targets, size, length); err != nil {
		return Stats{}, err
	}
	if !(denominator > 0) {
		return Stats{}, fmt.Errorf("models: the denominator is %v, want the number of counted targets of the step", denominator)
	}
	if m.train == nil || !m.train.fits(size, length) || !m.train.trains(m.params) {
		m.train = nil // free the old buffers before new ones are made
		c, err := m.compile(size, length, true)
		if err != nil {
			return Stats{}, err
		}
		m.train = c
	}
	stats, err := m.train.run(inputs, targets, F(1/denominator))
	if err == nil {
		err = m.countSequences(m.train, &stats)
	}
	return stats, err
}

// OnGradient implements Eager.
func (m *Model[F]) OnGradient(f func(p *params.Param[F]) error) { m.onGradient = f }

// evalGraphs is the number of graphs kept for evaluation: that of the training length and some longer ones.
const evalGraphs = 8

// Evaluate implements Trainable.
func (m *Model[F]) Evaluate(inputs, targets []int32, size, length int) (Stats, error) {
	if err := m.check(inputs, targets, size, length); err != nil {
		return Stats{}, err
	}
	if m.gpu != nil {
		return m.evaluateOn(inputs, targets, size, length)
	}
	c, err := recent(&m.eval, size, length, func() (*compiled[F], error) { return m.compile(size, length, false) })
	if err != nil {
		return Stats{}, err
	}
	m.last = c
	stats, err := c.run(inputs, targets, 1)
	if err == nil {
		err = m.countSequences(c, &stats)
	}
	return stats, err
}

// evaluated is a graph for evaluation.
type evaluated interface {
	fits(size, length int) bool
	close()
}

// recent returns the graph of a list that fits, or a new one, and moves it to the front. The list holds evalGraphs at most;
// it closes the one that was not used for longest.
func recent[C evaluated](list *[]C, size, length int, compile func() (C, error)) (c C, err error) {
	l := *list
	at := slices.IndexFunc(l, func(c C) bool { return c.fits(size, length) })
	if at < 0 {
		if len(l) == evalGraphs {
			l[evalGraphs-1].close()
			l = l[:evalGraphs-1]
		}
		if c, err = compile(); err != nil {
			*list = l
			return c, err
		}
		l, at = append(l, c), len(l)
	}
	c = l[at]
	copy(l[1:at+1], l[:at])
	l[0], *list = c, l
	return c, nil
}

// Predicted implements Predictor.
func (m *Model[F]) Predicted(to []int32) []int32 {
	first := int32(0)
	if m.head == nil {
		first = int32(m.domain.Vocab - m.domain.Classes)
	}
	for _, target := range m.last.outcome.Predicted() {
		to = append(to, first+target)
	}
	return to
}

// Losses implements Scorer.
func (m *Model[F]) Losses(to []float64) []float64 { return m.last.outcome.Losses(to) }

// check returns an error for values that would make a graph panic.
func (m *Model[F]) check(inputs, targets []int32, size, length int) error {
	if size < 1 || length < 1 || len(inputs) != size*length || len(targets) != size*length {
		return fmt.Errorf("models: %d inputs and %d targets for %d sequences of length %d", len(inputs), len(targets), size, length)
	}
	if c, whole := m.context(), length*m.part.Size(); c > 0 && whole > c {
		return fmt.Errorf("models: sequences of length %d, but the model has learned positions for %d (-context)", whole, c)
	}
	if m.head == nil {
		return m.domain.check(inputs, targets, length)
	}
	vocab := int32(m.Vocab())
	for i, t := range inputs {
		if t < 0 || t >= vocab {
			return fmt.Errorf("models: token %d at position %d of sequence %d, but the vocabulary is 0 to %d", t, i%length, i/length, vocab-1)
		}
	}
	for i, t := range targets {
		if t < -1 || t >= vocab {
			return fmt.Errorf("models: target %d at position %d of sequence %d, want 0 to %d, or -1 where none is counted", t, i%length, i/length, vocab-1)
		}
	}
	return nil
}

// SetProfile turns the timing of operations on or off.
func (m *Model[F]) SetProfile(on bool) {
	m.profile = on
	for _, c := range append(m.eval, m.train) {
		if c != nil {
			c.exec.SetProfile(on)
		}
	}
}

// SetRecompute implements Recomputer. Blocks are what the network marks with Graph.Bound; Step returns an error if it
// marks none.
func (m *Model[F]) SetRecompute(on bool) {
	if m.recompute != on {
		m.recompute, m.train = on, nil
	}
}

// OpTime is the time of one kind of operation in all profiled runs.
type OpTime = executor.OpTime

// Profile lists the operations of training steps by their time, the longest first.
func (m *Model[F]) Profile() []OpTime {
	if m.train == nil {
		return nil
	}
	return m.train.exec.Profile()
}
