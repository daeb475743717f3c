package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/rng"
)

// LogAttentionBlock is the residual block of the log-exp attention model (arXiv 2404.05843):
//
//	x + Linear(GLU(Linear(LogAttention(Linear(LayerNorm(x))))))
//
// Its attention is causal, exact, and of constant cost per token: see ops.LogSelfAttention.
type LogAttentionBlock[F params.Float] struct {
	Norm *LayerNorm[F]
	QKV  *Linear[F] // [H*(2K+V), D], with bias: for each head its query, key and logarithms of its value
	Up   *Linear[F] // [2D, H*V], with bias
	Down *Linear[F] // [D, D], without bias

	Dropout *Dropout[F] // of what is added to x; nil: none

	heads, key, value int
	name              string
}

// NewLogAttentionBlock makes the block for activations of that width, with H = heads whose keys have K
// and whose values V numbers.
func NewLogAttentionBlock[F params.Float](s params.Set[F], width, heads, key, value int) *LogAttentionBlock[F] {
	return &LogAttentionBlock[F]{
		Norm:  NewLayerNorm(s.Sub("feedforward1.0"), width),
		QKV:   NewLinear(s.Sub("feedforward1.1"), width, heads*(2*key+value), true),
		Up:    NewLinear(s.Sub("feedforward2.0"), heads*value, 2*width, true),
		Down:  NewLinear(s.Sub("feedforward2.2"), width, width, false),
		heads: heads, key: key, value: value, name: s.Name("attention"),
	}
}

// Forward maps x [B, T, D] to [B, T, D].
func (l *LogAttentionBlock[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	carry := stateOf(g, l.name, func() *ops.LogCarry { return ops.NewLogCarry(g.Batch, l.heads, l.key, l.value, false) })
	qkv := l.QKV.Forward(g, l.Norm.Forward(g, x))                            // [B, T, H*(2K+V)]
	y := ops.LogSelfAttention[F](qkv, l.heads, l.key, carry)                 // [B, T, H*V]
	return l.Dropout.addLinear(g, l.Down, ops.GLU[F](l.Up.Forward(g, y)), x) // [B, T, D]
}

// DecayPositions is a learned position embedding that is itself a recurrence (arXiv 2404.05843): with
// (c, l) = Linear(x), each channel adds ln p_t to the activation, where
//
//	p_t = sigmoid(c_t) p_{t-1} + exp(l_t)        p_0 = 1
//
// so that a sequence may go on for ever, each channel forgetting at a rate that its input sets.
type DecayPositions[F params.Float] struct {
	Dense *Linear[F] // [2D, D], with bias
	name  string
}

// NewDecayPositions makes "dense.weight" and "dense.bias" for activations of that width. Each p begins at its
// fixed point 1, with half of it forgotten at every position; gates differ from that by about a half for tokens as
// NewEmbedding makes them, so that positions tell from the beginning which tokens were near.
func NewDecayPositions[F params.Float](s params.Set[F], width int) *DecayPositions[F] {
	dense := s.Sub("dense")
	half := func(_ *rng.Stream, values []float64, _ []int) {
		for i := range values[width:] {
			values[width+i] = -math.Ln2 // 1 = sigmoid(0) * 1 + exp(-ln 2)
		}
	}
	return &DecayPositions[F]{
		Dense: &Linear[F]{
			Weight: dense.New("weight", params.Matrix, params.Normal(0.5/(tokenDeviation*math.Sqrt(float64(width)))), 2*width, width),
			Bias:   dense.New("bias", params.Vector, half, 2*width),
		},
		name: s.Name("state"),
	}
}

// Forward adds its embedding to x [B, T, D].
func (l *DecayPositions[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	carry := stateOf(g, l.name, func() *ops.LogScanCarry[F] { return ops.NewLogScanCarry[F](g.Batch, x.Shape()[2]) })
	return ops.AddLogScan[F](l.Dense.Forward(g, x), x, carry) // [B, T, D]
}
