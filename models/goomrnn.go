package models

import (
	"fmt"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// GOOMRNN holds the sizes of goom-rnn. Heads is the number of hidden vectors of a block, DHead their dimension.
type GOOMRNN struct {
	Common
	Stack
	Transition   string // what multiplies the states: fixed, full, householder or table; "": fixed
	Householders int    // reflections a token of the transition householder; 0: 2
}

// goomRNN is the deep non-diagonal recurrent model of arXiv 2510.03426, section 4.3: embedding, RecurrentBlocks
// of GOOMSSM, LayerNorm, tied head. With other transitions than fixed, each token has a matrix of its own for every
// hidden vector: of GOOMFull, GOOMHouseholder or GOOMTable. Parameter names are those of the paper's PyTorch module,
// so that weights can be exchanged with it. That module has the tied table under two names, and files may hold either
// or both.
var goomRNN = Architecture[GOOMRNN]{
	Name:  "goom-rnn",
	About: "non-diagonal recurrence over generalized orders of magnitude, fixed or made from the input (-transition)",
	Presets: []Preset[GOOMRNN]{
		{"nano", newGOOMRNNSizes(64, 2, 4, 16), "trains in seconds, for tests and debugging", nanoTraining},
		{"small", newGOOMRNNSizes(128, 4, 8, 16), "learns text in two minutes on 2 cores", nil},
		{"base", newGOOMRNNSizes(256, 6, 16, 16), "an hour of training on 2 cores", baseTraining},
		{"paper-task", newGOOMRNNSizes(512, 8, 16, 32), "the paper's model of synthetic tasks and images: many short sequences",
			pairs("optimizer", "adamw", "steps", "5000", "batch", "32", "micro-batch", "8", "lr", "0.001", "eval-every", "500", "save-every", "500")},
		{"paper-124m", newGOOMRNNSizes(768, 24, 24, 32), "the paper's language model, with the GPT-2 vocabulary",
			pairs("tokenizer", "gpt2", "seq", "1024", "optimizer", "adamw", "steps", "100000", "batch", "480", "micro-batch", "4", "lr", "0.001", "eval-every", "1000", "save-every", "1000")},
	},
	Float32: newGOOMRNN[float32],
	Float64: newGOOMRNN[float64],
}

func newGOOMRNNSizes(dEmb, layers, heads, dHead int) GOOMRNN {
	return GOOMRNN{Stack: Stack{DEmb: dEmb, Layers: layers, Heads: heads, DHead: dHead}, Transition: "fixed"}
}

// Settings implements Sizes.
func (c *GOOMRNN) Settings() settings.Table {
	return append(c.Stack.Settings(), settings.Table{
		{Name: "transition", Help: "matrix that multiplies the states: one for all tokens, made from each token, a product of reflections made from it, or looked up by token", Value: &c.Transition, Rule: settings.OneOf("fixed", "full", "householder", "table"), Zero: "fixed", ZeroKeeps: true},
		{Name: "householders", Help: "reflections, or delta steps, a token", Value: &c.Householders, Rule: settings.Between(1, largestSteps), Zero: "2 where the model has them"},
	}...)
}

// Validate implements Sizes.
func (c *GOOMRNN) Validate() error {
	if c.Householders != 0 && c.Transition != "householder" {
		return fmt.Errorf("-householders %d: only -transition householder has reflections, but it is %q: leave it out", c.Householders, c.Transition)
	}
	return nil
}

// newGOOMMixer makes the mixer of a block.
func newGOOMMixer[F params.Float](s params.Set[F], c GOOMRNN) layers.Mixer[F] {
	switch out := 2 * c.DEmb; c.Transition {
	case "full":
		return layers.NewGOOMFull(s, c.DEmb, out, c.Heads, 1, c.DHead)
	case "householder":
		return layers.NewGOOMHouseholder(s, c.DEmb, out, c.Heads, 1, c.DHead, or(c.Householders, 2))
	case "table":
		return layers.NewGOOMTable(s, c.Vocab, c.DEmb, out, c.Heads, 1, c.DHead)
	default:
		return layers.NewGOOMSSM(s, c.DEmb, out, c.Heads, c.DHead)
	}
}

func newGOOMRNN[F params.Float](s params.Set[F], c GOOMRNN) Network[F] {
	n := &residualNetwork[F]{
		embed:        newEmbedding(s, "head", c.Vocab, &c.Stack),
		residualBody: residualBody[F]{dropout: layers.NewDropout(s, c.Dropout)},
	}
	n.embed.Table.Stored = []string{"embed.weight", "head.weight"}
	for i := range c.Layers {
		part := s.Sub(fmt.Sprintf("res_layers.%d", i))
		n.blocks = append(n.blocks, NewRecurrentBlock(part, c.DEmb, c.Dropout, func(s params.Set[F]) layers.Mixer[F] {
			return newGOOMMixer(s.Sub("ssm_over_gooms"), c)
		}))
	}
	n.norm = layers.NewLayerNorm(s.Sub("lnorm"), c.DEmb)
	return n
}
