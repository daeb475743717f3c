package models

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// LSTM holds the sizes of lstm.
type LSTM struct {
	Common
	DEmb          int  // D, dimension of embeddings and states
	Layers        int  // layers of the LSTM
	TieEmbeddings bool // the head is the table of token vectors
}

// lstm is the language model of nn.LSTM in PyTorch: embedding, LSTM layers one on the other, head. Dropout applies to the
// embeddings and to the output of each layer, as in arXiv 1409.2329. Parameter names are those of a module with emb =
// nn.Embedding, rnn = nn.LSTM and head = nn.Linear without bias.
//
// No layer normalizes its inputs, so initial token vectors are standard normal, as those of nn.Embedding, and the head has
// a deviation of 2/sqrt(D), for outputs of the last layer well below 1. With the small ones of the other models the layers
// saturate while they learn the frequencies of the tokens, and then learn nothing else.
var lstm = Architecture[LSTM]{
	Name:  "lstm",
	About: "long short-term memory, the recurrence that everybody knows, as a baseline",
	Presets: []Preset[LSTM]{
		{"nano", LSTM{DEmb: 64, Layers: 2}, "trains in seconds, for tests and debugging", nanoTraining},
		{"small", LSTM{DEmb: 128, Layers: 4}, "learns text in two minutes on 2 cores", nil},
		{"base", LSTM{DEmb: 512, Layers: 4}, "hours of training on 2 cores", baseTraining},
	},
	Float32: newLSTM[float32],
	Float64: newLSTM[float64],
}

// Settings implements Sizes.
func (c *LSTM) Settings() settings.Table {
	return settings.Table{
		{Name: "d-emb", Help: "embedding dimension", Value: &c.DEmb, Rule: settings.Between(1, largestWidth), ZeroKeeps: true},
		{Name: "layers", Help: "layers of the LSTM", Value: &c.Layers, Rule: settings.Between(1, largestCount), ZeroKeeps: true},
		{Name: "tie-embeddings", Help: "use the token vectors as the head", Value: &c.TieEmbeddings},
	}
}

// Validate implements Sizes.
func (c *LSTM) Validate() error { return nil }

// lstmNetwork is the network of lstm.
type lstmNetwork[F params.Float] struct {
	embed   *layers.Embedding[F]
	dropout []*layers.Dropout[F] // of the embeddings and of each layer
	rnn     []*layers.LSTM[F]
	head    *layers.Embedding[F]
}

func newLSTM[F params.Float](s params.Set[F], c LSTM) Network[F] {
	n := &lstmNetwork[F]{embed: layers.NewScaledEmbedding(s, "emb.weight", c.Vocab, c.DEmb, 1), dropout: []*layers.Dropout[F]{layers.NewDropout(s, c.Dropout)}}
	rnn := s.Sub("rnn")
	for i := range c.Layers {
		suffix := fmt.Sprintf("_l%d", i)
		n.rnn = append(n.rnn, layers.NewLSTM(rnn, c.DEmb, c.DEmb, suffix))
		n.dropout = append(n.dropout, layers.NewDropout(rnn.Sub("dropout"+suffix), c.Dropout))
	}
	if n.head = n.embed; c.TieEmbeddings {
		n.embed.Table.Stored = []string{"emb.weight", "head.weight"} // files may have both
	} else {
		n.head = layers.NewScaledEmbedding(s, "head.weight", c.Vocab, c.DEmb, 2/math.Sqrt(float64(c.DEmb)))
	}
	return n
}

// Head implements Predicting.
func (n *lstmNetwork[F]) Head() *layers.Embedding[F] { return n.head }

// Hidden implements Network.
func (n *lstmNetwork[F]) Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node {
	x := n.dropout[0].Forward(g, n.embed.Forward(g, tokens)) // [B, T, D]
	g.Bound(x)
	for i, rnn := range n.rnn {
		x = n.dropout[i+1].Forward(g, layers.Mix(g, rnn, x)) // [B, T, D]
		g.Bound(x)
	}
	return x
}
