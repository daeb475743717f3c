package models

import (
	"fmt"
	"sync"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// Network is what a model is made of: a function from tokens to hidden states, and a head tied to the
// embedding. Methods add to the graph they are given; they are called once for every batch size and
// length.
type Network[F params.Float] interface {
	// Hidden maps tokens [B, T] to the hidden states [B, T, D] that the head reads. Position t must
	// depend on tokens 0..t alone.
	Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node
	// Head is the table that turns hidden states into logits.
	Head() *layers.Embedding[F]
}

// Stats is what a batch gave.
type Stats struct {
	Loss    float64 // sum over counted targets, in nats
	Tokens  int     // counted targets
	Correct int     // counted targets that had the largest logit
}

// Trainable is what a training loop needs of a model.
type Trainable[F params.Float] interface {
	// Params lists the parameters, always in the same order.
	Params() []*params.Param[F]
	// Step runs forward and backward on size sequences of that length, row-major, and adds to every
	// parameter's Grad the gradient of (sum of losses)/denominator. A target of -1 is not counted.
	Step(inputs, targets []int32, size, length int, denominator float64) (Stats, error)
	// Evaluate runs forward only.
	Evaluate(inputs, targets []int32, size, length int) (Stats, error)
}

// Model runs a network: it compiles a graph for each batch size and length that it meets.
type Model[F params.Float] struct {
	config  Config
	net     Network[F]
	params  []*params.Param[F]
	train   *compiled[F]
	eval    []*compiled[F] // the most recently used first
	noise   *ops.Noise     // of training
	profile bool
}

var (
	_ Trainable[float32] = (*Model[float32])(nil)
	_ Random             = (*Model[float32])(nil)
	_ Configured         = (*Model[float32])(nil)
	_ Streamer[float32]  = (*Model[float32])(nil)
	_ Profiler           = (*Model[float32])(nil)
)

// FromNetwork makes a model of a network whose parameters are those of the set.
func FromNetwork[F params.Float](set params.Set[F], net Network[F]) *Model[F] {
	return &Model[F]{net: net, params: set.All(), noise: ops.NewNoise(set.Seed())}
}

// Config is what New built the model from; zero for FromNetwork.
func (m *Model[F]) Config() Config { return m.config }

// Params lists the parameters in the order in which the network made them.
func (m *Model[F]) Params() []*params.Param[F] { return m.params }

// context is the longest sequence; 0: any.
func (m *Model[F]) context() int {
	if b, ok := m.net.(Bounded); ok {
		return b.Context()
	}
	return 0
}

// Vocab is the number of tokens.
func (m *Model[F]) Vocab() int { return m.net.Head().Table.Shape[0] }

// Draw implements Random. Before its first call numbers are those of update 0.
func (m *Model[F]) Draw(update int64, first int) { m.noise.Step, m.noise.First = update, first }

// Step implements Trainable.
func (m *Model[F]) Step(inputs, targets []int32, size, length int, denominator float64) (Stats, error) {
	if err := m.check(inputs, targets, size, length); err != nil {
		return Stats{}, err
	}
	if !(denominator > 0) {
		return Stats{}, fmt.Errorf("models: the denominator is %v, want the number of counted targets of the step", denominator)
	}
	if m.train == nil || !m.train.fits(size, length) {
		m.train = nil // let go of the old buffers before new ones are made
		c, err := m.compile(size, length, true)
		if err != nil {
			return Stats{}, err
		}
		m.train = c
	}
	stats, err := m.train.run(inputs, targets, F(1/denominator))
	if err != nil {
		return Stats{}, err
	}
	return stats, m.train.accumulate()
}

// evalGraphs is the number of compiled sizes that are kept for evaluation: the training length and
// some longer ones.
const evalGraphs = 4

// Evaluate implements Trainable.
func (m *Model[F]) Evaluate(inputs, targets []int32, size, length int) (Stats, error) {
	if err := m.check(inputs, targets, size, length); err != nil {
		return Stats{}, err
	}
	at := -1
	for i, c := range m.eval {
		if c.fits(size, length) {
			at = i
		}
	}
	if at < 0 {
		c, err := m.compile(size, length, false)
		if err != nil {
			return Stats{}, err
		}
		m.eval = append(m.eval[:min(len(m.eval), evalGraphs-1)], c)
		at = len(m.eval) - 1
	}
	c := m.eval[at]
	copy(m.eval[1:at+1], m.eval[:at])
	m.eval[0] = c
	return c.run(inputs, targets, 1)
}

// check refuses what would fail inside a graph.
func (m *Model[F]) check(inputs, targets []int32, size, length int) error {
	if size < 1 || length < 1 || len(inputs) != size*length || len(targets) != size*length {
		return fmt.Errorf("models: %d inputs and %d targets for %d sequences of length %d", len(inputs), len(targets), size, length)
	}
	if c := m.context(); c > 0 && length > c {
		return fmt.Errorf("models: sequences of length %d, but the model has learned positions for %d (-context)", length, c)
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

// OpTime is the time of one kind of operation in all profiled runs.
type OpTime = executor.OpTime

// Profile lists the operations of training steps by their time, the longest first.
func (m *Model[F]) Profile() []OpTime {
	if m.train == nil {
		return nil
	}
	return m.train.exec.Profile()
}

// compiled is the graph of a loss for one batch size and length, ready to run.
type compiled[F params.Float] struct {
	size, length    int
	inputs, targets []int32
	weight          [1]F
	exec            *executor.Executor
	stats           func() ops.HeadStats
	params          []*params.Param[F]
	grads           [][]F // by parameter; memory of the graph
	nodes           []*G.Node
	from, to        []F
	add             func(lo, hi int)
}

// building is held while a graph is built: Gorgonia shares constants between graphs.
var building sync.Mutex

func (m *Model[F]) compile(size, length int, train bool) (*compiled[F], error) {
	building.Lock()
	defer building.Unlock()
	c := &compiled[F]{size: size, length: length, inputs: make([]int32, size*length), targets: make([]int32, size*length), params: m.params}
	g := layers.NewGraph[F](size, length)
	if train {
		g = layers.NewTraining[F](size, length, m.noise)
	}
	hidden := m.net.Hidden(g, g.Input("tokens", c.inputs, size, length))
	loss, stats := m.net.Head().Loss(g, hidden, g.Input("targets", c.targets, size, length), g.Input("weight", c.weight[:], 1))
	c.stats = stats
	keep := []*G.Node{loss}
	if train {
		wrt := make([]*G.Node, len(m.params))
		for i, p := range m.params {
			if !g.Uses(p) {
				return nil, fmt.Errorf("models: the network does not use parameter %q", p.Name)
			}
			wrt[i] = g.Weight(p)
		}
		var err error
		if c.nodes, err = G.Grad(loss, wrt...); err != nil {
			return nil, fmt.Errorf("models: differentiate the loss: %w", err)
		}
		keep = append(keep, c.nodes...)
	}
	var err error
	if c.exec, err = executor.New(g.ExprGraph, keep...); err != nil {
		return nil, err
	}
	c.exec.SetProfile(m.profile)
	c.add = func(lo, hi int) { simd.Add(c.to[lo:hi], c.to[lo:hi], c.from[lo:hi]) }
	return c, nil
}

func (c *compiled[F]) fits(size, length int) bool { return c.size == size && c.length == length }

// run computes the loss, and the gradients of a graph that has them.
func (c *compiled[F]) run(inputs, targets []int32, weight F) (Stats, error) {
	copy(c.inputs, inputs)
	copy(c.targets, targets)
	c.weight[0] = weight
	if err := c.exec.RunAll(); err != nil {
		return Stats{}, err
	}
	s := c.stats()
	return Stats{Loss: s.Loss, Tokens: s.Counted, Correct: s.Correct}, nil
}

// accumulate adds the gradients of the last run to those of the parameters.
func (c *compiled[F]) accumulate() error {
	if c.grads == nil {
		for i, n := range c.nodes {
			v, err := c.exec.Value(n)
			if err != nil {
				return fmt.Errorf("models: gradient of %s: %w", c.params[i].Name, err)
			}
			c.grads = append(c.grads, v.Data().([]F))
		}
	}
	for i, p := range c.params {
		c.to, c.from = p.Grad, c.grads[i]
		simd.ForRange(len(c.to), 1<<14, c.add)
	}
	return nil
}
