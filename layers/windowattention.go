package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// WindowAttention is SoftmaxAttention in which a position sees itself and the W-1 positions before it. In a streaming
// graph its memory and its cost per token are constant.
type WindowAttention[F params.Float] struct {
	QKV    *QKV[F]
	window int // W
	state  string
}

// NewWindowAttention makes "qkv" for H = heads of dimension width; see NewQKV.
func NewWindowAttention[F params.Float](s params.Set[F], in, heads, width, window int, rotary bool) *WindowAttention[F] {
	return &WindowAttention[F]{QKV: NewQKV(s, in, heads, width, rotary), window: window, state: s.Name("attention")}
}

// In implements Mixer.
func (l *WindowAttention[F]) In() int { return l.QKV.Linear.In() }

// Out implements Mixer: H*K.
func (l *WindowAttention[F]) Out() int { return l.QKV.heads * l.QKV.width }

// Forward maps x [B, T, in] to [B, T, H*K].
func (l *WindowAttention[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	heads, width := l.QKV.heads, l.QKV.width
	qkv := l.QKV.Forward(g, x) // [B, T, 3*H*K]
	cache := StateOf(g, l.state, func() *ops.WindowCache[F] { return ops.NewWindowCache[F](g.Batch, heads, width, width, l.window) })
	return ops.WindowSelfAttention[F](qkv, heads, width, l.window, g.Reset, cache)
}

var windowKind = MixerKind{
	Name:    "window",
	About:   "softmax attention to the last positions",
	Options: []string{"window"},
	Float32: makeWindow[float32],
	Float64: makeWindow[float64],
}

func makeWindow[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewWindowAttention(s, c.Width, c.Heads, c.DHead, c.Window, true)
}
