package main

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

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
		embed: layers.NewEmbedding(set, "embed", t.vocab, width),
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

// scores maps words [N, T], of which the first lengths [N] count, to scores [N, C].
func (m *model) scores(g *layers.Graph[float32], words, lengths *G.Node) *G.Node {
	x := m.embed.Forward(g, words)                                                // [N, T, D]
	x = m.out.ForwardAdd(g, m.mixer.Forward(g, m.norm.Forward(g, x)), x, nil)     // [N, T, D]
	return m.head.Forward(g, m.last.Forward(g, meanOfFirst[float32](x, lengths))) // [N, C]
}

// meanOfFirst returns the mean over the first lengths [N] positions of x [N, T, D] -> [N, D]. Gradients: of x.
func meanOfFirst[F params.Float](x, lengths *G.Node) *G.Node {
	s := x.Shape()
	rows, time, width := s[0], s[1], s[2]
	return ops.Apply(ops.Definition[F]{
		Name:   "MeanOfFirst",
		Inputs: G.Nodes{x, lengths},
		Grads:  []ops.Gradient{ops.GradPrimary, ops.GradNone},
		Out:    tensor.Shape{rows, width},
		Forward: func(y []F, in ops.Operands[F]) {
			clear(y)
			for n, length := range in.Indices(1) {
				y := y[n*width : (n+1)*width]
				for t := range int(length) {
					for i, v := range in.Floats(0)[(n*time+t)*width:][:width] {
						y[i] += v / F(length)
					}
				}
			}
		},
		Backward: func(grads [][]F, in ops.Operands[F], _, dy []F) {
			clear(grads[0])
			for n, length := range in.Indices(1) {
				for t := range int(length) {
					dx := grads[0][(n*time+t)*width:][:width]
					for i, d := range dy[n*width : (n+1)*width] {
						dx[i] = d / F(length)
					}
				}
			}
		},
	})
}

// A batch holds the inputs of a graph.
type batch struct{ words, lengths, labels []int32 }

func newBatch(rows int) *batch {
	return &batch{make([]int32, rows*longest), make([]int32, rows), make([]int32, rows)}
}

// fill takes glosses; rows without one have one word and no label.
func (b *batch) fill(glosses []gloss) {
	clear(b.words)
	for i := range b.labels {
		b.lengths[i], b.labels[i] = 1, -1
	}
	for i, g := range glosses {
		copy(b.words[i*longest:(i+1)*longest], g.words)
		b.lengths[i], b.labels[i] = int32(len(g.words)), g.class
	}
}

// graph returns a graph of the model, and the node of the scores [N, C].
func (m *model) graph(b *batch) (*layers.Graph[float32], *G.Node) {
	rows := len(b.labels)
	g := layers.NewGraph[float32](rows, longest)
	g.Tokens = g.Input("words", b.words, rows, longest)
	return g, m.scores(g, g.Tokens, g.Input("lengths", b.lengths, rows))
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
