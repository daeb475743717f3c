package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/conv"
	"goomtrain/params"
)

// ConvCarry is the state of a short convolution between two parts of a sequence: the last W inputs of every channel.
type ConvCarry[F params.Float] = conv.Carry[F]

// NewConvCarry returns the carry at the beginning of B = batch sequences of C = channels, for kernels of W = width numbers.
func NewConvCarry[F params.Float](batch, channels, width int) *ConvCarry[F] {
	return conv.NewCarry[F](batch, channels, width)
}

// ShortConv is the short convolution of linear-attention layers, depthwise and causal (arXiv 2212.14052, 2312.06635):
//
//	y_t = act(bias + sum over i < W of w_i x_{t-W+1+i})        act is SiLU if silu is set
//
// x [B, T, C], w [C, 1, W], bias [C] or nil -> y [B, T, C]. Inputs before the first are 0. Gradients: of all.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
//
// carry is nil for training. With a carry (of B, C, W) the sequence continues where the last run ended, and the carry
// receives the last inputs. It is detached: no gradient flows into it.
func ShortConv[F params.Float](x, w, bias *G.Node, silu bool, reset *G.Node, carry *ConvCarry[F]) *G.Node {
	want("ShortConv", "x", x, -1, -1, -1)
	s := x.Shape()
	want("ShortConv", "w", w, s[2], 1, -1)
	k := conv.New[F](s[0], s[1], s[2], w.Shape()[2], silu)
	def := Definition[F]{Name: "ShortConv", Inputs: G.Nodes{x, w}, Grads: []Gradient{GradPrimary, GradSide}, Out: s}
	biasAt := 0 // none: input 0 is x
	if bias != nil {
		want("ShortConv", "bias", bias, s[2])
		biasAt = len(def.Inputs)
		def.Inputs, def.Grads = append(def.Inputs, bias), append(def.Grads, GradSide)
	}
	var parts *convParts[F] // nil: sequences are whole
	if carry == nil {
		def.Cut = func(p *Part) { parts = newConvParts(p, k, s[0], s[1], s[2], w.Shape()[2]) }
	}
	def.Forward = func(y []F, in Operands[F]) {
		x, w, bias := in.Floats(0), in.Floats(1), in.optional(biasAt)
		if parts != nil {
			k.ForwardFrom(y, x, w, bias, parts.enter(x))
			return
		}
		k.Forward(y, x, w, bias, carry)
	}
	def.Backward = func(grad [][]F, in Operands[F], _, dy []F) {
		var dbias []F
		if biasAt > 0 {
			dbias = grad[biasAt]
		}
		k.Backward(grad[0], grad[1], dbias, in.Floats(0), in.Floats(1), in.optional(biasAt), dy)
		if parts != nil {
			parts.leave(grad[0])
		}
	}
	if carry == nil {
		def.OnDevice = func(scope *gpu.Scope) DeviceForm {
			k := kernels.NewShortConv(scope, s[0], s[1], s[2], w.Shape()[2], silu)
			optional := func(p []gpu.Ptr) gpu.Ptr {
				if biasAt == 0 {
					return 0
				}
				return p[biasAt]
			}
			return DeviceForm{
				Forward: func(y gpu.Ptr, in []gpu.Ptr) { k.Forward(y, in[0], in[1], optional(in)) },
				Backward: func(grads, in []gpu.Ptr, _, dy gpu.Ptr) {
					k.Backward(grads[0], grads[1], optional(grads), in[0], in[1], optional(in), dy)
				},
			}
		}
	}
	shared := []int{1, 2}[:len(def.Inputs)-1]
	return Apply(ByDocument(def, reset, k.Resize, carry != nil, shared...))
}
