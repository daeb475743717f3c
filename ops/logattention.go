package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/logattention"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/scan"
	"goomtrain/params"
)

// LogCarry is the state of a log-exp attention between two parts of a sequence: the logarithms of the sums of
// exp(k+v) and of exp(k) over all positions so far.
type LogCarry = logattention.Carry

// NewLogCarry returns the carry at the beginning of B = batch sequences, for H heads with K = keys and V =
// values numbers.
func NewLogCarry(batch, heads, keys, values int, signed bool) *LogCarry {
	return logattention.NewCarry(batch, heads, keys, values, signed)
}

// LogSelfAttention is causal log-exp attention (arXiv 2404.05843) among the positions of one tensor. The
// similarity is the logarithm of a dot product of exponentials, and values and outputs are logarithms:
//
//	w_ts = sum_k exp(q_tk + k_sk)        y_tv = ln(sum_{s<=t} w_ts exp(v_sv)) - ln(sum_{s<=t} w_ts)
//
// qkv [B, T, H*(2K+V)] holds the query, key and value of each head in turn, in the order of the paper's
// projection -> y [B, T, H*V]. Time and memory are proportional to T. Gradient: of qkv.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
//
// carry is nil for training. With a carry (of B, H, K, V, not signed) the sequence continues where the last
// run ended, and the carry receives the last state. It is detached: no gradient flows into it.
func LogSelfAttention[F params.Float](qkv *G.Node, heads, keys int, reset *G.Node, carry *LogCarry) *G.Node {
	size, out := attentionInputs("LogSelfAttention", G.Nodes{qkv}, heads, keys, true)
	k := logattention.New[F](size, false)
	split := func(data []F) (x logattention.Operands[F]) {
		x.Q, x.K, x.V = multihead.SplitHeads(data, heads, keys, size.DValue)
		return x
	}
	var parts *logParts[F] // nil: sequences are whole
	def := Definition[F]{
		Name:   "LogSelfAttention",
		Inputs: G.Nodes{qkv},
		Grads:  []Gradient{GradPrimary},
		Out:    out,
		Forward: func(y []F, in Operands[F]) {
			x := split(in.Floats(0))
			k.Forward(multihead.Packed(y, heads, size.DValue), multihead.Rows[F]{}, x, parts.enter(carry, x))
		},
		Backward: func(grad [][]F, in Operands[F], _, dy []F) {
			d, x, g := split(grad[0]), split(in.Floats(0)), multihead.Packed(dy, heads, size.DValue)
			k.Backward(d, x, g, nil, parts.arrive(d, x, g))
		},
		Differentiate: func([][]F) { k.WantGradients() },
	}
	if carry == nil {
		def.Cut = func(p *Part) { parts = newLogParts(p, k, size) }
		def.OnDevice = func(s *gpu.Scope) DeviceForm {
			k := kernels.NewLogAttention(s, size.Batch, size.Queries, heads, keys, size.DValue)
			return DeviceForm{
				Forward:       func(y gpu.Ptr, in []gpu.Ptr) { k.Forward(y, in[0]) },
				Backward:      func(grads, in []gpu.Ptr, _, dy gpu.Ptr) { k.Backward(grads[0], in[0], dy) },
				Differentiate: func([]gpu.Ptr) { k.WantGradients() },
			}
		}
	}
	return Apply(ByDocument(def, reset, k.Resize, carry != nil))
}

// LogAttention is LogSelfAttention of separate operands, q [B, Tq, H*K], k [B, Tk, H*K] and v [B, Tk, H*V] -> y
// [B, Tq, H*V]. If it is not causal, every query attends to all keys. Gradients: of all three.
func LogAttention[F params.Float](q, k, v *G.Node, heads int, causal bool, carry *LogCarry) *G.Node {
	y, _ := logAttention[F]("LogAttention", G.Nodes{q, k, v}, heads, causal, carry)
	return y
}

// SignedLogAttention is LogAttention of values that are generalized orders of magnitude, sign*exp(v), with
// sign [B, Tk, H*V] of +1 and -1. It returns the logarithms y and the signs of the outputs. An output of zero
// has the logarithm 2 ln(smallest normal number), the sign +1 and no gradient. Signs have no gradients.
func SignedLogAttention[F params.Float](q, k, v, sign *G.Node, heads int, causal bool, carry *LogCarry) (y, ySign *G.Node) {
	want("SignedLogAttention", "sign", sign, v.Shape()...)
	return logAttention[F]("SignedLogAttention", G.Nodes{q, k, v, sign}, heads, causal, carry)
}

func logAttention[F params.Float](name string, inputs G.Nodes, heads int, causal bool, carry *LogCarry) (y, ySign *G.Node) {
	want(name, "q", inputs[0], -1, -1, -1)
	keys := inputs[0].Shape()[2] / max(1, heads)
	size, out := attentionInputs(name, inputs[:3], heads, keys, causal)
	signed := len(inputs) == 4
	k := logattention.New[F](size, signed)
	values := func(data []F) multihead.Rows[F] { return multihead.Packed(data, heads, size.DValue) }
	from := func(data func(i int) []F) (x logattention.Operands[F]) {
		x.Q, x.K = multihead.Packed(data(0), heads, keys), multihead.Packed(data(1), heads, keys)
		if x.V = values(data(2)); signed {
			x.Sign = values(data(3))
		}
		return x
	}
	var signs []F // of y
	y = Apply(Definition[F]{
		Name:   name,
		Inputs: inputs,
		Grads:  []Gradient{GradPrimary, GradSide, GradSide, GradNone}[:len(inputs)],
		Out:    out,
		Forward: func(y []F, in Operands[F]) {
			k.Forward(values(y), values(signs), from(in.Floats), carry)
		},
		Backward: func(grad [][]F, in Operands[F], _, dy []F) {
			d := logattention.Operands[F]{Q: multihead.Packed(grad[0], heads, keys), K: multihead.Packed(grad[1], heads, keys), V: values(grad[2])}
			k.Backward(d, from(in.Floats), values(dy), nil, nil)
		},
		Differentiate: func([][]F) { k.WantGradients() },
	})
	if signed {
		ySign, signs = ExtraOutput[F](y, name+".sign", out)
	}
	return y, ySign
}

// LogScanCarry is the state of decay positions between two parts of a sequence.
type LogScanCarry[F params.Float] = scan.GatedCarry[F]

// NewLogScanCarry returns the carry at the beginning of B = batch sequences of width D.
func NewLogScanCarry[F params.Float](batch, width int) *LogScanCarry[F] {
	return scan.NewGatedCarry[F](batch, width)
}

// AddLogScan adds to x the logarithm of a gated recurrence of positive numbers, one for each channel:
//
//	p_t = sigmoid(c_t) p_{t-1} + exp(l_t)        p_0 = 1        y_t = x_t + ln p_t
//
// gates [B, T, 2D] holds c_t in the first half of each row and l_t in the second, x [B, T, D] -> y [B, T, D].
// p may exceed the range of floats. Gradients: of gates and x.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
// With a carry (of B, D) the sequence continues where the last run ended; the carry is detached.
func AddLogScan[F params.Float](gates, x, reset *G.Node, carry *LogScanCarry[F]) *G.Node {
	want("AddLogScan", "x", x, -1, -1, -1)
	s := x.Shape()
	want("AddLogScan", "gates", gates, s[0], s[1], 2*s[2])
	k := scan.NewGated[F](s[0], s[1], s[2])
	var parts *logScanParts[F] // nil: sequences are whole
	def := Definition[F]{
		Name:   "AddLogScan",
		Inputs: G.Nodes{gates, x},
		Grads:  []Gradient{GradPrimary, GradSame},
		Out:    s,
		Forward: func(y []F, in Operands[F]) {
			k.Forward(y, in.Floats(0), in.Floats(1), parts.enter(carry, y, in.Floats(0)))
		},
		Backward: func(grad [][]F, in Operands[F], _, dy []F) {
			k.Backward(grad[0], in.Floats(0), dy, parts.arrive(grad[0], in.Floats(0), dy))
		},
	}
	if carry == nil {
		def.Cut = func(p *Part) { parts = newLogScanParts(p, k, s[0], s[2]) }
		def.OnDevice = func(scope *gpu.Scope) DeviceForm {
			k := kernels.NewGated(scope, s[0], s[1], s[2])
			return DeviceForm{
				Forward:  func(y gpu.Ptr, in []gpu.Ptr) { k.Forward(y, in[0], in[1]) },
				Backward: func(grads, in []gpu.Ptr, _, dy gpu.Ptr) { k.Backward(grads[0], in[0], dy) },
			}
		}
	}
	return Apply(ByDocument(def, reset, k.Resize, carry != nil))
}
