package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/delta"
	"goomtrain/params"
)

// DeltaSizes are the sizes of DeltaRule: KH key heads of width K, VH value heads of width V, and n steps a token.
type DeltaSizes = delta.Sizes

// DeltaCarry is the state of DeltaRule between two parts of a sequence.
type DeltaCarry[F params.Float] = delta.Carry[F]

// NewDeltaCarry returns the carry at the beginning of B = batch sequences.
func NewDeltaCarry[F params.Float](batch int, size DeltaSizes) *DeltaCarry[F] {
	return delta.NewCarry[F](batch, size)
}

// DeltaRule is the delta rule (DeltaNet, arXiv 2406.06484), gated if g is not nil (Gated DeltaNet, arXiv 2412.06464), with
// n steps a token (DeltaProduct, arXiv 2502.10297). Every value head has a state S [K, V], 0 at first. A token changes it by
//
//	S <- exp(g_t) S        S <- S + beta_tj k_tj^T (v_tj - k_tj S)   for j = 1..n        o_t = s q_t S
//
//	q [B, T, KH*K]   k [B, T, n*KH*K]   v [B, T, n*VH*V]   beta [B, T, n*VH]   g [B, T, VH]   ->   o [B, T, VH*V]
//
// Channels are ordered by step, head and number. VH is a multiple of KH, and value head j reads key head j div (VH/KH). g is
// the natural logarithm of the decay; negative infinity is a decay of 0. Keys are taken as they are: for unit keys beta
// belongs in [0, 2]. Gradients: of all operands.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
//
// carry is nil for training. With a carry (of B and the sizes) the sequence continues where the last run ended, and the
// carry receives the last state. It is detached: no gradient flows into it.
func DeltaRule[F params.Float](q, k, v, beta, g *G.Node, size DeltaSizes, reset *G.Node, carry *DeltaCarry[F]) *G.Node {
	size = size.Check()
	want("DeltaRule", "q", q, -1, -1, size.KeyHeads*size.DKey)
	batch, time := q.Shape()[0], q.Shape()[1]
	want("DeltaRule", "k", k, batch, time, size.Steps*size.KeyHeads*size.DKey)
	want("DeltaRule", "v", v, batch, time, size.Steps*size.ValueHeads*size.DValue)
	want("DeltaRule", "beta", beta, batch, time, size.Steps*size.ValueHeads)
	inputs, grads := G.Nodes{q, k, v, beta}, []Gradient{GradSide, GradSide, GradPrimary, GradSide}
	if g != nil {
		want("DeltaRule", "g", g, batch, time, size.ValueHeads)
		inputs, grads = append(inputs, g), append(grads, GradSide)
	}
	kernel := delta.New[F](batch, time, size)
	if carry != nil {
		kernel.CheckCarry(carry)
	}
	operands := func(data func(i int) []F) (x delta.Operands[F]) {
		x = delta.Operands[F]{Q: data(0), K: data(1), V: data(2), Beta: data(3)}
		if g != nil {
			x.G = data(4)
		}
		return x
	}
	var parts *deltaParts[F] // nil: sequences are whole
	def := Definition[F]{
		Name:   "DeltaRule",
		Inputs: inputs,
		Grads:  grads,
		Out:    withWidth(q.Shape(), size.ValueHeads*size.DValue),
		Forward: func(out []F, in Operands[F]) {
			x := operands(in.Floats)
			kernel.Forward(out, x, parts.enter(carry, x))
		},
		Differentiate: func([][]F) { kernel.WantGradients() },
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			d, x := operands(func(i int) []F { return grad[i] }), operands(in.Floats)
			kernel.Backward(d, x, dout, parts.arrive(d, x, dout), nil)
		},
	}
	if carry == nil {
		def.Cut = func(p *Part) { parts = newDeltaParts(p, kernel, batch, size) }
		def.OnDevice = func(s *gpu.Scope) DeviceForm {
			k := kernels.NewDelta(s, batch, time, kernels.DeltaSizes(size))
			operands := func(p []gpu.Ptr) (x kernels.DeltaOperands) {
				x = kernels.DeltaOperands{Q: p[0], K: p[1], V: p[2], Beta: p[3]}
				if g != nil {
					x.G = p[4]
				}
				return x
			}
			return DeviceForm{
				Forward:       func(out gpu.Ptr, in []gpu.Ptr) { k.Forward(out, operands(in)) },
				Backward:      func(grads, in []gpu.Ptr, _, dout gpu.Ptr) { k.Backward(operands(grads), operands(in), dout) },
				Differentiate: func([]gpu.Ptr) { k.WantGradients() },
			}
		}
	}
	return Apply(ByDocument(def, reset, kernel.Resize, carry != nil))
}
