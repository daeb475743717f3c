package models_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/models"
	"goomtrain/params"
)

// hybrid is a network of two blocks: a recurrence, then log-exp attention in a transformer block.
type hybrid struct {
	embed  *layers.Embedding[float32]
	blocks []models.Block[float32]
	norm   *layers.LayerNorm[float32]
}

const width = 16

func newHybrid(s params.Set[float32], vocab int) *hybrid {
	return &hybrid{
		embed: layers.NewEmbedding(s, "embed", vocab, width),
		blocks: []models.Block[float32]{
			models.NewRecurrentBlock(s.Sub("blocks.0"), width, 0, func(s params.Set[float32]) layers.Mixer[float32] {
				return layers.NewGOOMSSM(s.Sub("ssm"), width, 2*width, 2, 8)
			}),
			models.NewTransformerBlock(s.Sub("blocks.1"), width, 0, func(s params.Set[float32]) layers.Mixer[float32] {
				return layers.NewLogAttention(s, s.Sub("qkv"), width, 2, 8, 8)
			}, func(s params.Set[float32]) *models.MLP[float32] { return models.NewGELUMLP(s, width, 4*width, 0) }),
		},
		norm: layers.NewLayerNorm(s.Sub("norm"), width),
	}
}

func (n *hybrid) Head() *layers.Embedding[float32] { return n.embed }

func (n *hybrid) Hidden(g *layers.Graph[float32], tokens *G.Node) *G.Node {
	x := n.embed.Forward(g, tokens)
	for _, block := range n.blocks {
		x = block.Forward(g, x)
	}
	return n.norm.Forward(g, x)
}

// A model of your own network of mixers and blocks.
func ExampleFromNetwork() {
	set := params.NewSet[float32](1)
	model := models.FromNetwork(set, newHybrid(set, 10))
	stats, err := model.Evaluate([]int32{3, 1, 4}, []int32{1, 4, 1}, 1, 3)
	if err != nil {
		panic(err)
	}
	stream, err := model.NewStream()
	if err != nil {
		panic(err)
	}
	logits, err := stream.Append([]int32{3, 1, 4})
	if err != nil {
		panic(err)
	}
	fmt.Println(params.Count(model.Params()), "weights,", stats.Tokens, "targets,", len(logits), "logits")
	// Output:
	// 5120 weights, 3 targets, 10 logits
}
