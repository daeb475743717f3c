package main

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/settings"
)

// LeakyRNN holds the sizes of the model leaky-rnn.
type LeakyRNN struct {
	models.Common
	Width       int // D, of activations
	Blocks      int
	Integrators int // W, of a block
	Memory      int // positions that the slowest integrator remembers at first
}

// Settings implements models.Sizes. The first two have the names of settings of goomtrain's models; several
// models may share a flag if they agree on its type.
func (c *LeakyRNN) Settings() settings.Table {
	return settings.Table{
		{Name: "d-emb", Help: "embedding dimension", Value: &c.Width, Rule: settings.Between(1, 1<<16), ZeroKeeps: true},
		{Name: "layers", Help: "residual blocks", Value: &c.Blocks, Rule: settings.Between(1, 1<<12), ZeroKeeps: true},
		{Name: "integrators", Help: "leaky integrators of a block", Value: &c.Integrators, Rule: settings.Between(1, 1<<16), ZeroKeeps: true},
		{Name: "memory", Help: "positions that the slowest integrator remembers at first", Value: &c.Memory, Rule: settings.Between(2, 1<<24), ZeroKeeps: true},
	}
}

// Validate implements models.Sizes. It is the place for rules between sizes.
func (c *LeakyRNN) Validate() error { return nil }

func init() {
	models.Register(models.Architecture[LeakyRNN]{
		Name:  "leaky-rnn",
		About: "leaky integrators with learned decays",
		Presets: []models.Preset[LeakyRNN]{
			{Name: "nano", Sizes: LeakyRNN{Width: 32, Blocks: 2, Integrators: 32, Memory: 64}, Why: "trains in seconds, for tests",
				Training: []settings.Pair{{Name: "steps", Text: "200"}, {Name: "batch", Text: "8"}, {Name: "lr", Text: "0.01"}}},
			{Name: "small", Sizes: LeakyRNN{Width: 128, Blocks: 4, Integrators: 256, Memory: 256}, Why: "learns text in two minutes on 2 cores"},
		},
		Float32: newLeakyRNN[float32],
		Float64: newLeakyRNN[float64],
	})
}

// leakyNetwork is an embedding, blocks x + Linear(GLU(Leaky(LayerNorm(x)))), LayerNorm, and a head tied to the embedding.
type leakyNetwork[F params.Float] struct {
	embed   *layers.Embedding[F]
	dropout *layers.Dropout[F]
	blocks  []models.Block[F]
	norm    *layers.LayerNorm[F]
}

func newLeakyRNN[F params.Float](s params.Set[F], c LeakyRNN) models.Network[F] {
	n := &leakyNetwork[F]{embed: layers.NewEmbedding(s, "embed", c.Vocab, c.Width), dropout: layers.NewDropout(s, c.Dropout)}
	for i := range c.Blocks {
		part := s.Sub(fmt.Sprintf("blocks.%d", i))
		n.blocks = append(n.blocks, models.NewRecurrentBlock(part, c.Width, c.Dropout, func(s params.Set[F]) layers.Mixer[F] {
			return NewLeaky(s.Sub("leaky"), c.Width, c.Integrators, 2*c.Width, c.Memory)
		}))
	}
	n.norm = layers.NewLayerNorm(s.Sub("norm"), c.Width)
	return n
}

// Head implements models.Network.
func (n *leakyNetwork[F]) Head() *layers.Embedding[F] { return n.embed }

// Hidden implements models.Network.
func (n *leakyNetwork[F]) Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node {
	x := n.dropout.Forward(g, n.embed.Forward(g, tokens)) // [B, T, D]
	g.Bound(x)
	for _, block := range n.blocks {
		x = block.Forward(g, x) // [B, T, D]
		g.Bound(x)
	}
	return n.norm.Forward(g, x) // [B, T, D]
}
