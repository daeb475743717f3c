package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/softmax"
	"goomtrain/params"
)

// attentionInputs checks the operands of an attention and returns its size and output shape. A single operand
// is packed [B, T, 2*H*K + H*V]: queries, keys and values of all heads. Three operands are q [B, Tq, H*K], k
// [B, Tk, H*K] and v [B, Tk, H*V].
func attentionInputs(name string, inputs G.Nodes, heads, keys int, causal bool) (size multihead.Size, out tensor.Shape) {
	if heads < 1 || keys < 1 {
		panic(fmt.Sprintf("ops: %s: %d heads of width %d, want at least 1 of width 1", name, heads, keys))
	}
	for i, operand := range []string{"q", "k", "v"}[:len(inputs)] {
		if len(inputs) == 1 {
			operand = "qkv"
		}
		want(name, operand, inputs[i], -1, -1, -1)
	}
	q, k, v := inputs[0].Shape(), inputs[0].Shape(), inputs[0].Shape()
	total := v[2]
	if len(inputs) == 1 {
		total -= 2 * heads * keys
	} else {
		k, v = inputs[1].Shape(), inputs[2].Shape()
		total = v[2]
		want(name, "q", inputs[0], -1, -1, heads*keys)
		want(name, "k", inputs[1], q[0], -1, heads*keys)
		want(name, "v", inputs[2], q[0], k[1], -1)
	}
	if total < heads || total%heads != 0 {
		panic(fmt.Sprintf("ops: %s: values have %d numbers a position (shape %v), want a multiple of %d heads", name, total, v, heads))
	}
	if causal && q[1] != k[1] {
		panic(fmt.Sprintf("ops: %s: causal with %d queries and %d keys, want the same number of both", name, q[1], k[1]))
	}
	size = multihead.Size{Batch: q[0], Queries: q[1], Keys: k[1], Heads: heads, DKey: keys, DValue: total / heads, Causal: causal}
	return size, tensor.Shape{q[0], q[1], total}
}

// attentionRows returns queries, keys and values in the data of one or three operands.
func attentionRows[F params.Float](size multihead.Size, data func(i int) []F, packed bool) (q, k, v multihead.Rows[F]) {
	if packed {
		return multihead.SplitQKV(data(0), size.Heads, size.DKey, size.DValue)
	}
	return multihead.Packed(data(0), size.Heads, size.DKey), multihead.Packed(data(1), size.Heads, size.DKey), multihead.Packed(data(2), size.Heads, size.DValue)
}

// deviceAttention is the kernel of an attention on a GPU.
type deviceAttention interface {
	Forward(y gpu.Ptr, q, k, v kernels.Rows)
	Backward(dq, dk, dv, q, k, v kernels.Rows, y, dy gpu.Ptr)
}

// deviceRows returns queries, keys and values in the memory of a GPU, as attentionRows does.
func deviceRows(size multihead.Size, p []gpu.Ptr, packed bool) (q, k, v kernels.Rows) {
	if packed {
		return kernels.SplitQKV(p[0], size.Heads, size.DKey, size.DValue)
	}
	return kernels.Packed(p[0], size.Heads, size.DKey), kernels.Packed(p[1], size.Heads, size.DKey), kernels.Packed(p[2], size.Heads, size.DValue)
}

// attentionOnDevice returns OnDevice of the definition of an attention.
func attentionOnDevice(size multihead.Size, packed bool, kernel func(s *gpu.Scope, size kernels.AttentionSize) deviceAttention) func(s *gpu.Scope) DeviceForm {
	return func(s *gpu.Scope) DeviceForm {
		kernel := kernel(s, kernels.AttentionSize(size))
		return DeviceForm{
			Forward: func(out gpu.Ptr, in []gpu.Ptr) {
				q, k, v := deviceRows(size, in, packed)
				kernel.Forward(out, q, k, v)
			},
			Backward: func(grads, in []gpu.Ptr, out, dout gpu.Ptr) {
				q, k, v := deviceRows(size, in, packed)
				dq, dk, dv := deviceRows(size, grads, packed)
				kernel.Backward(dq, dk, dv, q, k, v, out, dout)
			},
		}
	}
}

// attention makes the definition common to all attentions. differentiate, onDevice and cut may be nil. For reset, resize and
// carried see ByDocument.
func attention[F params.Float](name string, size multihead.Size, inputs G.Nodes, out tensor.Shape,
	reset *G.Node, resize func(batch, length int), carried bool,
	differentiate func(),
	forward func(y []F, q, k, v multihead.Rows[F]),
	backward func(dq, dk, dv, q, k, v multihead.Rows[F], y, dy []F),
	onDevice func(s *gpu.Scope, size kernels.AttentionSize) deviceAttention,
	cut func(p *Part)) *G.Node {
	packed := len(inputs) == 1
	def := Definition[F]{
		Name:   name,
		Cut:    cut,
		Inputs: inputs,
		Grads:  []Gradient{GradPrimary, GradSide, GradSide}[:len(inputs)],
		Out:    out,
		Forward: func(out []F, in Operands[F]) {
			q, k, v := attentionRows(size, in.Floats, packed)
			forward(out, q, k, v)
		},
		Backward: func(grad [][]F, in Operands[F], out, dout []F) {
			q, k, v := attentionRows(size, in.Floats, packed)
			dq, dk, dv := attentionRows(size, func(i int) []F { return grad[i] }, packed)
			backward(dq, dk, dv, q, k, v, out, dout)
		},
		Differentiate: func([][]F) {
			if differentiate != nil {
				differentiate()
			}
		},
	}
	if onDevice != nil && !carried {
		def.OnDevice = attentionOnDevice(size, packed, onDevice)
	}
	return Apply(ByDocument(def, reset, resize, carried))
}

// KVCache is the state of a streaming softmax attention: all keys and values so far.
type KVCache[F params.Float] = softmax.Cache[F]

// NewKVCache returns an empty cache for B = batch sequences and H heads with K = keys and V = values numbers.
func NewKVCache[F params.Float](batch, heads, keys, values int) *KVCache[F] {
	return softmax.NewCache[F](batch, heads, keys, values)
}

// SoftmaxSelfAttention is causal softmax attention among the positions of one tensor:
//
//	y_t = sum over j <= t of exp(q_t . k_j / sqrt(K)) v_j / (the sum of these weights)
//
// qkv [B, T, 2*H*K + H*V] holds the queries of all heads, then their keys, then their values; the result is y
// [B, T, H*V]. The computation uses tiles and O(T) memory, and the backward pass repeats it (arXiv 2205.14135).
// Gradient: of qkv.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
//
// cache is nil for training. With a cache (of B, H, K, V) the sequence continues: keys and values are added to
// the cache, and queries attend to all that it holds. What it held before is detached.
func SoftmaxSelfAttention[F params.Float](qkv *G.Node, heads, keys int, reset *G.Node, cache *KVCache[F]) *G.Node {
	return softmaxAttention("SoftmaxSelfAttention", G.Nodes{qkv}, heads, keys, true, reset, cache)
}

// SoftmaxAttention is SoftmaxSelfAttention of separate operands, q [B, Tq, H*K], k [B, Tk, H*K] and v [B, Tk,
// H*V] -> y [B, Tq, H*V]. If it is not causal, every query attends to all keys. Gradients: of all three.
func SoftmaxAttention[F params.Float](q, k, v *G.Node, heads int, causal bool, cache *KVCache[F]) *G.Node {
	want("SoftmaxAttention", "q", q, -1, -1, -1)
	return softmaxAttention("SoftmaxAttention", G.Nodes{q, k, v}, heads, q.Shape()[2]/max(1, heads), causal, nil, cache)
}

func softmaxAttention[F params.Float](name string, inputs G.Nodes, heads, keys int, causal bool, reset *G.Node, cache *KVCache[F]) *G.Node {
	size, out := attentionInputs(name, inputs, heads, keys, causal)
	k := softmax.New[F](size)
	parts := cuttableAttention[F]{kernel: k, size: size, reach: math.MaxInt}
	return attention(name, size, inputs, out, reset, k.Resize, cache != nil, nil,
		func(y []F, q, keys, values multihead.Rows[F]) {
			keys, values = parts.collect(keys, values)
			k.Forward(y, q, keys, values, cache)
		},
		parts.backward,
		func(s *gpu.Scope, size kernels.AttentionSize) deviceAttention { return kernels.NewSoftmax(s, size) },
		parts.cut(len(inputs) == 1 && cache == nil))
}
