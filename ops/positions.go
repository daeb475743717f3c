package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// Position counts the positions that a streaming sequence has had so far.
type Position = dense.Position

// Rotary rotates the first heads of every row by angles that grow with their position (arXiv 2104.09864), so that
// the dot product of two heads at positions t and j depends on t - j. For queries and keys of H heads of width K,
// followed by values, that is heads = 2H: x [B, T, W], W >= heads*K, -> the same shape; the rest is copied.
// Gradient: of x. position is nil for training, where sequences begin at position 0.
func Rotary[F params.Float](x *G.Node, heads, width int, position *Position) *G.Node {
	want("Rotary", "x", x, -1, -1, -1)
	s := x.Shape()
	if heads < 1 || width < 1 || s[2] < heads*width {
		panic(fmt.Sprintf("ops: Rotary: x has shape %v, want room for %d heads of width %d", s, heads, width))
	}
	k := dense.NewRotary[F](s[0], s[1], heads, width, s[2])
	var part *Part // nil: sequences are whole
	def := Definition[F]{
		Name:     "Rotary",
		Cut:      func(p *Part) { part = p },
		Inputs:   G.Nodes{x},
		Grads:    []Gradient{GradPrimary},
		Out:      s,
		Forward:  func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), part.from(s[1])+position.Take(s[1])) },
		Backward: func(grad [][]F, _ Operands[F], _, dout []F) { k.Backward(grad[0], dout) },
	}
	if position == nil {
		def.OnDevice = func(scope *gpu.Scope) DeviceForm {
			k := kernels.NewRotary(scope, s[0], s[1], heads, width, s[2])
			return DeviceForm{
				Forward:  func(out gpu.Ptr, in []gpu.Ptr) { k.Forward(out, in[0]) },
				Backward: func(grads, _ []gpu.Ptr, _, dout gpu.Ptr) { k.Backward(grads[0], dout) },
			}
		}
	}
	return Apply(def)
}

// AddPositions adds row t of a table to position t: x [B, T, D], table [C, D] -> [B, T, D]. Gradients: of
// both. reset is nil, or int32 [B, T]: where it is not 0 a new document begins, at row 0. position is nil for training,
// where sequences begin at row 0. Positions beyond the table panic, when the graph is built or, streaming, when it runs.
func AddPositions[F params.Float](x, table, reset *G.Node, position *Position) *G.Node {
	want("AddPositions", "x", x, -1, -1, -1)
	s := x.Shape()
	want("AddPositions", "table", table, -1, s[2])
	context := table.Shape()[0]
	if s[1] > context {
		panic(fmt.Sprintf("ops: AddPositions: x has shape %v, but the table has %d positions", s, context))
	}
	k := dense.NewAddPositions[F](s[0], s[1], context, s[2])
	var part *Part // nil: sequences are whole
	def := Definition[F]{
		Name:   "AddPositions",
		Cut:    func(p *Part) { part = p },
		Inputs: G.Nodes{table, x},
		Grads:  []Gradient{GradPrimary, GradSame}, // x is only added, so only the gradient of the table is computed
		Out:    s,
		Forward: func(out []F, in Operands[F]) {
			k.Forward(out, in.Floats(1), in.Floats(0), part.from(s[1])+position.Take(s[1]))
		},
		Backward: func(grad [][]F, _ Operands[F], _, dout []F) {
			k.Backward(grad[0], dout)
		},
	}
	if position == nil {
		def.OnDevice = func(scope *gpu.Scope) DeviceForm {
			k := kernels.NewAddPositions(scope, s[0], s[1], context, s[2])
			return DeviceForm{
				Forward:  func(out gpu.Ptr, in []gpu.Ptr) { k.Forward(out, in[1], in[0]) },
				Backward: func(grads, _ []gpu.Ptr, _, dout gpu.Ptr) { k.Backward(grads[0], dout) },
			}
		}
	}
	return Apply(ByDocument(def, reset, k.Resize, position != nil, 0))
}
