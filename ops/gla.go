package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels/gla"
	"goomtrain/params"
)

// GLASizes are the sizes of a linear attention with decay.
type GLASizes struct {
	Heads, DKey, DValue int     // H, K, V
	Scale               float64 // s; 0: 1/sqrt(DKey)
}

// GLACarry is the state of a linear attention with decay between two parts of a sequence. Its size does not depend on
// the length of the sequence.
type GLACarry[F params.Float] = gla.Carry[F]

// NewGLACarry returns the carry at the beginning of B = batch sequences.
func NewGLACarry[F params.Float](batch int, size GLASizes) *GLACarry[F] {
	return gla.NewCarry[F](batch, size.Heads, size.DKey, size.DValue)
}

// GLA is gated linear attention (arXiv 2312.06635): of each head a state S [K, V] whose key channels decay by
// themselves,
//
//	S_t = diag(exp(gk_t)) S_{t-1} + k_t^T v_t        o_t = s q_t S_t
//
// q and k [B, T, H*K], v [B, T, H*V], gk [B, T, H*K], logarithms of decays, -inf for a decay of 0 -> o [B, T, H*V].
// Gradients: of all four.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
//
// carry is nil for training. With a carry (of B, H, K, V) the sequence continues where the last run ended, at constant
// cost per position, and the carry receives the last state. It is detached.
func GLA[F params.Float](q, k, v, gk *G.Node, size GLASizes, reset *G.Node, carry *GLACarry[F]) *G.Node {
	return decayAttention("GLA", G.Nodes{q, k, v, gk}, size, gla.PerChannel, nil, reset, carry)
}

// ScalarDecayAttention is GLA with one decay for all channels of a head (Mamba-2, arXiv 2405.21060):
//
//	S_t = exp(g_t) S_{t-1} + k_t^T v_t        o_t = s q_t S_t
//
// g is [B, T, H]. Gradients: of all four.
func ScalarDecayAttention[F params.Float](q, k, v, g *G.Node, size GLASizes, reset *G.Node, carry *GLACarry[F]) *G.Node {
	return decayAttention("ScalarDecayAttention", G.Nodes{q, k, v, g}, size, gla.PerHead, nil, reset, carry)
}

// FixedDecayAttention is ScalarDecayAttention with the same decays at every position: exp(logDecays[h]) for head h, as
// in retention (arXiv 2307.08621) and Lightning Attention-2 (arXiv 2401.04658). With logDecays of 0 it is plain linear
// attention (arXiv 2006.16236). Gradients: of q, k and v.
func FixedDecayAttention[F params.Float](q, k, v *G.Node, logDecays []float64, size GLASizes, reset *G.Node, carry *GLACarry[F]) *G.Node {
	if len(logDecays) != size.Heads {
		panic(fmt.Sprintf("ops: FixedDecayAttention: %d decays for %d heads", len(logDecays), size.Heads))
	}
	fixed := make([]F, len(logDecays))
	for h, g := range logDecays {
		fixed[h] = F(g)
	}
	return decayAttention("FixedDecayAttention", G.Nodes{q, k, v}, size, gla.Fixed, fixed, reset, carry)
}

// decayAttention makes the definition that they have in common. fixed is nil if the decays are an input.
func decayAttention[F params.Float](name string, inputs G.Nodes, size GLASizes, decay gla.Decay, fixed []F, reset *G.Node, carry *GLACarry[F]) *G.Node {
	if size.Heads < 1 || size.DKey < 1 || size.DValue < 1 {
		panic(fmt.Sprintf("ops: %s: size %+v, want at least 1 head and widths of at least 1", name, size))
	}
	q, v := inputs[0], inputs[2]
	want(name, "q", q, -1, -1, size.Heads*size.DKey)
	batch, time := q.Shape()[0], q.Shape()[1]
	want(name, "k", inputs[1], batch, time, size.Heads*size.DKey)
	want(name, "v", v, batch, time, size.Heads*size.DValue)
	switch decay {
	case gla.PerChannel:
		want(name, "gk", inputs[3], batch, time, size.Heads*size.DKey)
	case gla.PerHead:
		want(name, "g", inputs[3], batch, time, size.Heads)
	}
	kernel := gla.New[F](gla.Size{Batch: batch, Time: time, Heads: size.Heads, DKey: size.DKey, DValue: size.DValue,
		Scale: size.Scale, Decay: decay})
	if carry != nil {
		kernel.CheckCarry(carry)
	}
	decays := func(in Operands[F]) []F {
		if decay == gla.Fixed {
			return fixed
		}
		return in.Floats(3)
	}
	var parts *glaParts[F] // nil: sequences are whole
	var cut func(p *Part)
	if carry == nil {
		cut = func(p *Part) { parts = newGLAParts(p, kernel, batch, size) }
	}
	return Apply(ByDocument(Definition[F]{
		Name:   name,
		Cut:    cut,
		Inputs: inputs,
		Grads:  []Gradient{GradSide, GradSide, GradPrimary, GradSide}[:len(inputs)],
		Out:    v.Shape(),
		Forward: func(out []F, in Operands[F]) {
			q, keys, v, g := in.Floats(0), in.Floats(1), in.Floats(2), decays(in)
			kernel.Forward(out, q, keys, v, g, parts.enter(carry, out, q, keys, v, g))
		},
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			var dg []F
			if decay != gla.Fixed {
				dg = grad[3]
			}
			q, keys, v := in.Floats(0), in.Floats(1), in.Floats(2)
			last := parts.arrive(grad[2], q, keys, dout)
			kernel.Backward(grad[0], grad[1], grad[2], dg, nil, q, keys, v, decays(in), dout, last)
		},
		Differentiate: func([][]F) { kernel.WantGradients() },
	}, reset, kernel.Resize, carry != nil))
}

// RetentionDecays returns the logarithms of the decays of retention (arXiv 2307.08621): ln(1 - 2^(-5-h)) for head h.
func RetentionDecays(heads int) []float64 {
	decays := make([]float64, heads)
	for h := range decays {
		decays[h] = math.Log1p(-math.Exp2(float64(-5 - h)))
	}
	return decays
}

// LightningDecays returns the logarithms of the decays of a layer, of that many layers, of Lightning Attention-2 (arXiv
// 2401.04658): -slope_h (1 - layer/(layers-1) + 1e-5), with the slopes of ALiBi (arXiv 2108.12409). Later layers
// decay less. A single layer counts as the first.
func LightningDecays(heads, layer, layers int) []float64 {
	if layer < 0 || layer >= layers {
		panic(fmt.Sprintf("ops: LightningDecays: layer %d of %d", layer, layers))
	}
	decays := slopes(heads)
	for h := range decays {
		decays[h] *= -(1 - float64(layer)/float64(max(1, layers-1)) + 1e-5)
	}
	return decays
}

// slopes returns those of ALiBi: 2^(-8(h+1)/H) if H is a power of two, otherwise those of the power of two below,
// followed by every second one of twice that.
func slopes(heads int) []float64 {
	power := 1
	for 2*power <= heads {
		power *= 2
	}
	s := make([]float64, heads)
	for h := range s {
		if h < power {
			s[h] = math.Exp2(-8 * float64(h+1) / float64(power))
		} else {
			s[h] = math.Exp2(-8 * float64(2*(h-power)+1) / float64(2*power))
		}
	}
	return s
}
