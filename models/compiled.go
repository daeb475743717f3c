package models

import (
	"errors"
	"fmt"
	"sync"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// compiled is the graph of a loss for one batch size and length, ready to run.
type compiled[F params.Float] struct {
	size, length    int
	inputs, targets []int32 // targets are those of the graph: of a classifier [B] classes
	reset           []int32 // [B, T] 1 where a document begins; nil: documents are not told apart
	start           int32   // the token that begins one
	spans           spans   // of a classifier
	first           int32   // token of its first class
	weight          [1]F
	exec            *executor.Executor
	outcome         ops.Outcome
	params          []*params.Param[F] // those with a gradient

	tokens, wanted, starts *G.Node // nodes of inputs, targets and reset; nil: none, or those of a classifier

	nodes []*G.Node // gradients, by parameter; nil: none

	to, from []F // of the sum of a gradient: to += from
}

// building is held while a graph is built, because Gorgonia shares constants between graphs.
var building sync.Mutex

func newCompiled[F params.Float](ps []*params.Param[F], size, length int) *compiled[F] {
	return &compiled[F]{size: size, length: length, inputs: make([]int32, size*length), params: ps}
}

// built is the graph of a loss before it is compiled.
type built[F params.Float] struct {
	*compiled[F]
	graph *layers.Graph[F]
	loss  *G.Node
	keep  []*G.Node // the loss and the gradients
}

// build makes the graph of a loss, with gradients if it is for training.
func (m *Model[F]) build(size, length int, train bool) (b built[F], err error) {
	building.Lock()
	defer building.Unlock()
	c := newCompiled(params.Trained(m.params), size, length)
	g := layers.NewGraph[F](size, length)
	if train {
		g = layers.NewTraining[F](size, length, m.noise)
	}
	b = built[F]{compiled: c, graph: g, loss: m.loss(g, c)}
	b.keep = []*G.Node{b.loss}
	if m.part != nil {
		if err := m.part.Cut(g.ExprGraph); err != nil {
			return b, err
		}
	}
	if !train {
		return b, nil
	}
	for _, p := range m.params {
		if !g.Uses(p) {
			return b, fmt.Errorf("models: the network does not use parameter %q", p.Name)
		}
	}
	if m.recompute && len(g.Bounds()) < 2 {
		return b, errors.New("models: the network marks no blocks to compute again: call Bound of the graph with their inputs and outputs, or leave out -recompute")
	}
	wrt := make([]*G.Node, len(c.params))
	for i, p := range c.params {
		wrt[i] = g.Weight(p)
	}
	if c.nodes, err = G.Grad(b.loss, wrt...); err != nil {
		return b, fmt.Errorf("models: differentiate the loss: %w", err)
	}
	b.keep = append(b.keep, c.nodes...)
	return b, nil
}

func (m *Model[F]) compile(size, length int, train bool) (*compiled[F], error) {
	b, err := m.build(size, length, train)
	if err != nil {
		return nil, err
	}
	c := b.compiled
	if train && m.recompute {
		c.exec, err = executor.NewRecomputing(b.graph.ExprGraph, b.loss, b.graph.Bounds(), b.keep...)
	} else {
		c.exec, err = executor.New(b.graph.ExprGraph, b.keep...)
	}
	if err != nil {
		return nil, err
	}
	c.exec.SetProfile(m.profile)
	if !train {
		return c, nil
	}
	return c, c.accumulateGradients(func(p *params.Param[F]) error {
		if m.onGradient == nil {
			return nil
		}
		return m.onGradient(p)
	})
}

// loss adds the network and its loss to a graph.
func (m *Model[F]) loss(g *layers.Graph[F], c *compiled[F]) (loss *G.Node) {
	if net, ok := m.net.(Classifying[F]); ok {
		c.targets, c.spans = make([]int32, c.size), newSpans(c.size, c.length)
		c.first = int32(m.domain.Vocab - m.domain.Classes)
		addSpans(g, c.spans)
		scores := net.Scores(g, m.hidden(g, c.inputs)) // [B, C]
		loss, c.outcome = ops.CrossEntropy[F](scores, g.Input("targets", c.targets, c.size), g.Input("weight", c.weight[:], 1))
		return loss
	}
	c.targets = make([]int32, c.size*c.length)
	if c.start = m.start; c.start != noStart {
		c.reset = make([]int32, c.size*c.length)
		g.Reset = g.Input("reset", c.reset, c.size, c.length)
	}
	hidden := m.hidden(g, c.inputs)
	c.wanted = g.Input("targets", c.targets, c.size, c.length)
	c.tokens, c.starts = g.Tokens, g.Reset
	loss, c.outcome = m.head.Loss(g, hidden, c.wanted, g.Input("weight", c.weight[:], 1))
	return loss
}

// hidden adds the network to a graph whose tokens [B, T] are those in the slice at each run, and returns the hidden
// states.
func (m *Model[F]) hidden(g *layers.Graph[F], tokens []int32) *G.Node {
	g.Tokens = g.Input("tokens", tokens, g.Batch, g.Length)
	return m.net.Hidden(g, g.Tokens)
}

// trains reports whether the parameters with a gradient are those that are not frozen now.
func (c *compiled[F]) trains(ps []*params.Param[F]) bool {
	n := 0
	for _, p := range ps {
		if p.Frozen {
			continue
		}
		if n == len(c.params) || c.params[n] != p {
			return false
		}
		n++
	}
	return n == len(c.params)
}

// close implements evaluated: the garbage collector frees the memory.
func (c *compiled[F]) close() {}

func (c *compiled[F]) fits(size, length int) bool { return c.size == size && c.length == length }

// run computes the losses, and the gradients of weight times their sum if the graph has them.
func (c *compiled[F]) run(inputs, targets []int32, weight F) (Stats, error) {
	c.set(inputs, targets, weight)
	if err := c.exec.RunAll(); err != nil {
		return Stats{}, err
	}
	return c.stats(), nil
}

// stats returns the results of the last run.
func (c *compiled[F]) stats() Stats {
	s := c.outcome.Stats()
	return Stats{Loss: s.Loss, Tokens: s.Counted, Correct: s.Correct, Sequences: s.Sequences, CorrectSequences: s.CorrectSequences}
}

// set copies a batch to the inputs of the graph.
func (c *compiled[F]) set(inputs, targets []int32, weight F) {
	copy(c.inputs, inputs)
	if c.reset != nil {
		markDocuments(c.reset, inputs, c.start)
	}
	if c.spans.ends == nil {
		copy(c.targets, targets)
	} else {
		c.spans.set(c.targets, targets, c.first)
	}
	c.weight[0] = weight
}

// accumulateGradients makes every run add the gradients to those of the parameters, each when it is computed, and then call
// done.
func (c *compiled[F]) accumulateGradients(done func(p *params.Param[F]) error) error {
	add := func(lo, hi int) { simd.Add(c.to[lo:hi], c.to[lo:hi], c.from[lo:hi]) }
	for i, n := range c.nodes {
		p, grad := c.params[i], []F(nil)
		err := c.exec.Then(n, func(v G.Value) error {
			if grad == nil {
				grad = v.Data().([]F) // the same memory in all runs
			}
			c.to, c.from = p.Grad, grad
			simd.ForRange(len(grad), simd.Grain, add)
			return done(p)
		})
		if err != nil {
			return fmt.Errorf("models: gradient of %s: %w", p.Name, err)
		}
	}
	return nil
}
