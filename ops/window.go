package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/softmax"
	"goomtrain/params"
)

// WindowCache is the state of a streaming softmax attention with a window: the keys and values of the last positions, as
// many as the window needs. Its size does not depend on the length of the sequence.
type WindowCache[F params.Float] = softmax.Ring[F]

// NewWindowCache returns an empty cache for B = batch sequences, H heads with K = keys and V = values numbers and a window
// of that many positions.
func NewWindowCache[F params.Float](batch, heads, keys, values, window int) *WindowCache[F] {
	if window < 1 {
		panic(fmt.Sprintf("ops: NewWindowCache: a window of %d positions, want at least 1", window))
	}
	return softmax.NewRing[F](batch, heads, keys, values, window)
}

// WindowSelfAttention is SoftmaxSelfAttention in which each position attends to itself and the window-1 positions before
// it (sliding-window attention, arXiv 2004.05150):
//
//	y_t = sum over j from max(0, t-window+1) to t of exp(q_t . k_j / sqrt(K)) v_j / (the sum of these weights)
//
// The cost of a position is proportional to the window, not to the length of the sequence. qkv [B, T, 2*H*K + H*V]
// holds the queries of all heads, then their keys, then their values; the result is y [B, T, H*V]. Gradient: of qkv.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
//
// cache is nil for training. With a cache (of B, H, K, V and the same window) the sequence continues, and keys and
// values are added to the cache. What it held before is detached.
func WindowSelfAttention[F params.Float](qkv *G.Node, heads, keys, window int, reset *G.Node, cache *WindowCache[F]) *G.Node {
	const name = "WindowSelfAttention"
	size, out := attentionInputs(name, G.Nodes{qkv}, heads, keys, true)
	if window < 1 {
		panic(fmt.Sprintf("ops: %s: a window of %d positions, want at least 1", name, window))
	}
	k := softmax.NewWindow[F](size, window)
	if cache != nil {
		k.CheckRing(cache)
	}
	parts := cuttableAttention[F]{kernel: k, size: size, reach: window - 1}
	return attention(name, size, G.Nodes{qkv}, out, reset, k.Resize, cache != nil, k.WantGradients,
		func(y []F, q, keys, values multihead.Rows[F]) {
			keys, values = parts.collect(keys, values)
			if cache == nil {
				k.Forward(y, q, keys, values, nil)
			} else {
				k.ForwardRing(y, q, keys, values, cache)
			}
		},
		parts.backward, nil, parts.cut(cache == nil))
}
