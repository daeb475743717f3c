package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/taylor"
	"goomtrain/params"
)

// TaylorCarry is the state of a Taylor attention between two parts of a sequence. Its size does not depend on
// the length of the sequence.
type TaylorCarry[F params.Float] = taylor.Carry[F]

// NewTaylorCarry returns the carry at the beginning of B = batch sequences, for H heads with K = keys and V =
// values numbers and P = terms.
func NewTaylorCarry[F params.Float](batch, heads, keys, values, terms int) *TaylorCarry[F] {
	return taylor.NewCarry[F](batch, heads, keys, values, terms)
}

// MaxTaylorTerms is the largest number of Taylor terms, and MaxTaylorFeatures the largest number of features of
// a head that can stream.
const (
	MaxTaylorTerms    = taylor.MaxTerms
	MaxTaylorFeatures = taylor.MaxFeatures
)

// CountTaylorFeatures returns the number of features of P = terms terms of heads of that width. If that exceeds
// MaxTaylorFeatures, it returns some number larger than MaxTaylorFeatures.
func CountTaylorFeatures(width, terms int) int { return taylor.CountFeatures(width, terms) }

// TaylorSelfAttention is causal attention among the positions of one tensor with P = terms Taylor terms of
// the softmax weights (arXiv 2602.00294):
//
//	w_tj = sum over p < P of s^p / p!, s = q_t . k_j / sqrt(K)    y_t = sum over j <= t of w_tj v_j / the sum of w_tj
//
// qkv [B, T, 2*H*K + H*V] holds the queries of all heads, then their keys, then their values -> y [B, T, H*V].
// It is computed from scores or from features, whichever is cheaper. With an even P weights may be
// negative. Where their sum is zero, y and its gradients are 0. Gradient: of qkv.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
//
// carry is nil for training. With a carry (of B, H, K, V, P) the sequence continues where the last run ended,
// at constant cost per position, and the carry receives the last state. It is detached.
func TaylorSelfAttention[F params.Float](qkv *G.Node, heads, keys, terms int, reset *G.Node, carry *TaylorCarry[F]) *G.Node {
	return taylorAttention("TaylorSelfAttention", G.Nodes{qkv}, heads, keys, terms, true, reset, carry)
}

// TaylorAttention is TaylorSelfAttention of separate operands, q [B, Tq, H*K], k [B, Tk, H*K] and v [B, Tk,
// H*V] -> y [B, Tq, H*V]. If it is not causal, every query attends to all keys, including those of the carry.
// Gradients: of all three.
func TaylorAttention[F params.Float](q, k, v *G.Node, heads, terms int, causal bool, carry *TaylorCarry[F]) *G.Node {
	want("TaylorAttention", "q", q, -1, -1, -1)
	return taylorAttention("TaylorAttention", G.Nodes{q, k, v}, heads, q.Shape()[2]/max(1, heads), terms, causal, nil, carry)
}

func taylorAttention[F params.Float](name string, inputs G.Nodes, heads, keys, terms int, causal bool, reset *G.Node, carry *TaylorCarry[F]) *G.Node {
	size, out := attentionInputs(name, inputs, heads, keys, causal)
	if terms < 1 || terms > MaxTaylorTerms {
		panic(fmt.Sprintf("ops: %s: %d Taylor terms, want 1 to %d", name, terms, MaxTaylorTerms))
	}
	k := taylor.New[F](size, terms, carry != nil)
	if carry != nil {
		k.CheckCarry(carry)
	}
	var parts *taylorParts[F] // nil: sequences are whole
	var cut func(p *Part)
	if len(inputs) == 1 && carry == nil && CountTaylorFeatures(keys, terms) <= MaxTaylorFeatures {
		cut = func(p *Part) {
			k = taylor.NewPart[F](size, terms)
			parts = newTaylorParts(p, k, size, terms)
		}
	}
	return attention(name, size, inputs, out, reset, k.Resize, carry != nil, func() { k.WantGradients() },
		func(y []F, q, keys, values multihead.Rows[F]) {
			k.Forward(y, q, keys, values, parts.enter(carry, keys, values))
		},
		func(dq, dk, dv, q, keys, values multihead.Rows[F], y, dy []F) {
			k.BackwardPart(dq, dk, dv, q, keys, values, y, dy, parts.arrive(q, y, dy))
		},
		func(s *gpu.Scope, size kernels.AttentionSize) deviceAttention {
			return kernels.NewTaylor(s, size, terms)
		}, cut)
}

// A TaylorDegree describes one degree of the feature map for one head: the number of features, the size of its
// state and the floating-point operations per position.
type TaylorDegree = taylor.Degree

// TaylorTable returns the degrees 0..P-1 for P = terms and heads with K = keys and V = values numbers, and
// their total, counted as in the paper (arXiv 2602.00294).
func TaylorTable(keys, values, terms int) (degrees []TaylorDegree, total TaylorDegree) {
	return taylor.Table(keys, values, terms)
}

// TaylorCrossing is the context, in positions, from which on a token of P = terms terms costs less than one of
// softmax attention with a KVCache, for heads of K = keys and V = values numbers on one core: an estimate of a
// cost model.
func TaylorCrossing(keys, values, terms int) float64 {
	return taylor.Cost(multihead.Size{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: keys, DValue: values, Causal: true}, terms).Crossing()
}
