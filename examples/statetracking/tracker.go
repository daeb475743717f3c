package main

import (
	"cmp"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/models"
	"goomtrain/ops"
	"goomtrain/params"
)

// A tracker is a trained goom-rnn of one layer whose transitions are full matrices.
type tracker struct {
	model        *models.Model[float32]
	name, group  string // of the task; group as in tasks.Group
	heads, width int    // H states of D numbers
}

// load reads the model of a run folder.
func load(from string) (*tracker, error) {
	saved, err := models.Find(from)
	if err != nil {
		return nil, err
	}
	sizes, ok := saved.Config.Sizes.(*models.GOOMRNN)
	if !ok || sizes.Transition != "full" || sizes.Layers != 1 {
		return nil, fmt.Errorf("a model %s with the settings %v: want goom-rnn with -transition full -layers 1", saved.Config.Model, saved.Config.Sizes)
	}
	m := &tracker{name: saved.Setting("task"), heads: sizes.Heads, width: sizes.DHead}
	switch m.name {
	case "parity":
		m.group = "z2"
	case "group":
		m.group = cmp.Or(saved.Setting("group"), "s5")
		m.name = m.group
	default:
		return nil, fmt.Errorf("a run of -task %s: want parity or group", m.name)
	}
	m.model, err = models.Load[float32](saved, true)
	return m, err
}

// weight returns the parameter of that name. It panics if the model has none.
func (m *tracker) weight(name string) *params.Param[float32] {
	for _, p := range m.model.Params() {
		if p.Name == name {
			return p
		}
	}
	panic(fmt.Sprintf("statetracking: the model has no parameter %q", name))
}

// transitions returns A [D, D] of each token and head, indexed in this order. The input of the only layer depends on the
// token alone, and so does A = I + LayerNorm(embedding) W, reshaped.
func (m *tracker) transitions() ([][]*mat.Dense, error) {
	const block = "res_layers.0."
	tokens := make([]int32, m.model.Vocab())
	for i := range tokens {
		tokens[i] = int32(i)
	}
	g := layers.NewGraph[float32](len(tokens), 1)
	embed := layers.Embedding[float32]{Table: m.weight("head")}
	norm := layers.LayerNorm[float32]{Weight: m.weight(block + "lnorm.weight"), Bias: m.weight(block + "lnorm.bias")}
	u := norm.Forward(g, embed.Forward(g, g.Input("tokens", tokens, len(tokens), 1))) // [S, 1, in]
	a := ops.MatMul[float32](u, g.Weight(m.weight(block+"ssm_over_gooms.A")), nil)    // [S, 1, H*D*D]
	exec, err := executor.New(g.ExprGraph, a)
	if err != nil {
		return nil, err
	}
	if err := exec.RunAll(); err != nil {
		return nil, err
	}
	value, err := exec.Value(a)
	if err != nil {
		return nil, err
	}
	flat, size := value.Data().([]float32), m.width*m.width
	all := make([][]*mat.Dense, len(tokens))
	for token := range all {
		for head := range m.heads {
			at := (token*m.heads + head) * size
			x := mat.NewDense(m.width, m.width, nil)
			for i, v := range flat[at : at+size] {
				x.Set(i/m.width, i%m.width, float64(v))
			}
			for i := range m.width {
				x.Set(i, i, x.At(i, i)+1)
			}
			all[token] = append(all[token], x)
		}
	}
	return all, nil
}
