package main

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
	"goomtrain/trees"
)

// A model gives scores of classes to a gloss: word vectors, one block x + Linear(mixer(norm(x))), the mean over the words, and
// a linear head.
type model struct {
	params     []*params.Param[float32]
	embed      *layers.Embedding[float32]
	norm, last *layers.LayerNorm[float32]
	mixer      layers.Mixer[float32]
	out, head  *layers.Linear[float32]
}

func newModel(seed uint64, t *task, mixer string, width int) *model {
	set := params.NewSet[float32](seed)
	m := &model{
		embed: layers.NewScaledEmbedding(set, "embed", t.vocab, width, 0.02),
		norm:  layers.NewLayerNorm(set.Sub("norm"), width),
		mixer: layers.NewMixer(mixer, set.Sub("mixer"), layers.MixerSizes{Vocab: t.vocab, Width: width, Layers: 1, Heads: width / 16,
			DHead: 16, DValue: 16, ShortConv: true, OutputGate: true, Epsilon: 1e-5, Window: longest, TaylorTerms: 3}),
		last: layers.NewLayerNorm(set.Sub("last"), width),
		head: layers.NewLinear(set.Sub("head"), width, t.tree.Classes(), true),
	}
	m.out = layers.NewLinear(set.Sub("out"), m.mixer.Out(), width, false)
	m.params = set.All()
	return m
}

// scores maps words [N, T], of which the last is at ends [N], to scores [N, C].
func (m *model) scores(g *layers.Graph[float32], words, ends *G.Node) *G.Node {
	x := m.embed.Forward(g, words)                                              // [N, T, D]
	x = m.out.ForwardAdd(g, m.mixer.Forward(g, m.norm.Forward(g, x)), x, nil)   // [N, T, D]
	return m.head.Forward(g, m.last.Forward(g, ops.PoolMean[float32](x, ends))) // [N, C]
}

// A batch holds the inputs of a graph.
type batch struct{ words, ends, labels []int32 }

func newBatch(rows int) *batch {
	return &batch{make([]int32, rows*longest), make([]int32, rows), make([]int32, rows)}
}

// fill takes glosses; rows without one have one word and no label.
func (b *batch) fill(glosses []gloss) {
	clear(b.words)
	for i := range b.labels {
		b.ends[i], b.labels[i] = 0, -1
	}
	for i, g := range glosses {
		copy(b.words[i*longest:(i+1)*longest], g.words)
		b.ends[i], b.labels[i] = int32(len(g.words)-1), g.class
	}
}

// graph returns a graph of the model, and the node of the scores [N, C].
func (m *model) graph(b *batch) (*layers.Graph[float32], *G.Node) {
	rows := len(b.labels)
	g := layers.NewGraph[float32](rows, longest)
	g.Tokens = g.Input("words", b.words, rows, longest)
	return g, m.scores(g, g.Tokens, g.Input("ends", b.ends, rows))
}

// A trainer makes steps with the loss over a tree.
type trainer struct {
	m         *model
	batch     *batch
	run       *executor.Executor
	loss      *G.Node
	grads     G.Nodes
	optimizer optim.Optimizer[float32]
	schedule  *schedule.Schedule
}

func newTrainer(m *model, tree *trees.Tree, rows, steps int, lr float64) (*trainer, error) {
	t := &trainer{m: m, batch: newBatch(rows)}
	g, scores := m.graph(t.batch)
	t.loss, _ = ops.TreeLoss[float32](scores, g.Input("labels", t.batch.labels, rows), tree)
	weights := make(G.Nodes, len(m.params))
	for i, p := range m.params {
		weights[i] = g.Weight(p)
	}
	var err error
	if t.grads, err = G.Grad(t.loss, weights...); err != nil {
		return nil, err
	}
	if t.run, err = executor.New(g.ExprGraph, append(G.Nodes{t.loss}, t.grads...)...); err != nil {
		return nil, err
	}
	adamw, err := optim.NewConfig("adamw")
	if err != nil {
		return nil, err
	}
	if t.optimizer, err = optim.New(adamw, m.params); err != nil {
		return nil, err
	}
	cycle, err := schedule.NewConfig("one-cycle")
	if err != nil {
		return nil, err
	}
	cycle.LR, cycle.Steps = lr, steps
	t.schedule, err = schedule.New(cycle)
	return t, err
}

// step makes one update, of steps counted from 1, and returns the loss.
func (t *trainer) step(glosses []gloss, step int) (float64, error) {
	t.batch.fill(glosses)
	if err := t.run.RunAll(); err != nil {
		return 0, err
	}
	for i, p := range t.m.params {
		v, err := t.run.Value(t.grads[i])
		if err != nil {
			return 0, err
		}
		p.Grad = v.Data().([]float32)
	}
	rates := t.schedule.At(step)
	t.optimizer.Update(rates.LR, rates.Beta1, 1)
	loss, err := t.run.Value(t.loss)
	if err != nil {
		return 0, err
	}
	return float64(loss.Data().(float32)), nil
}
