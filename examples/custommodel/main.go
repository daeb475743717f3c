// Command custommodel builds its own model from layers and trains it on its own data: sequences that count
// modulo 17 in steps of unknown size, so that two numbers determine all that follow.
package main

import (
	"context"
	"log"
	"os"

	G "gorgonia.org/gorgonia"

	"goomtrain/data"
	"goomtrain/layers"
	"goomtrain/models"
	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/rng"
	"goomtrain/train"
)

const vocab, width, length = 17, 32, 24

// network is an embedding, one block x + Linear(GLU(mixer(x))), and a head tied to the embedding.
type network struct {
	embed *layers.Embedding[float32]
	mixer layers.Mixer[float32]
	out   *layers.Linear[float32]
}

func (n *network) Head() *layers.Embedding[float32] { return n.embed }

func (n *network) Hidden(g *layers.Graph[float32], tokens *G.Node) *G.Node {
	x := n.embed.Forward(g, tokens)                                             // [B, T, D]
	return n.out.ForwardAdd(g, ops.GLU[float32](n.mixer.Forward(g, x)), x, nil) // [B, T, D]
}

func main() {
	set := params.NewSet[float32](1)
	model := models.FromNetwork(set, &network{
		embed: layers.NewEmbedding(set, "embed", vocab, width),
		mixer: layers.NewGOOMSSM(set.Sub("mixer"), width, 2*width, 4, 8), // 4 hidden vectors of width 8
		out:   layers.NewLinear(set.Sub("out"), width, width, false),
	})
	counting := data.Generate("counting", vocab, length, 1, func(r *rng.Stream, inputs, targets []int32) {
		at, step := r.IntN(vocab), r.IntN(vocab)
		for t := range inputs {
			inputs[t], targets[t] = int32((at+t*step)%vocab), int32((at+(t+1)*step)%vocab)
		}
	})
	cfg, err := train.New(train.Selection{Preset: "nano"})
	if err == nil {
		cfg.Model, cfg.Data, cfg.Commands = models.Config{Model: "my-rnn"}, data.Config{Name: "counting"}, train.Commands{}
		cfg.Steps, cfg.Schedule.Steps, cfg.Batch, cfg.Schedule.LR, cfg.EvalEvery = 1500, 1500, 32, 1e-2, 500
		_, err = train.Run(context.Background(), cfg, model, counting, os.Stdout)
	}
	if err != nil {
		log.Fatal("custommodel: ", err)
	}
}
