package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// Last takes the last position of each sequence: x [B, T, D] -> [B, D].
func Last[F params.Float](x *G.Node) *G.Node { return pool[F]("Last", x, nil, false) }

// PoolLast takes the last vector of each sequence: x [B, T, D], ends [B] of int32 -> [B, D]. ends are the positions of
// the last vectors; what is behind them is padding. Nil means that no sequence has any. Gradient: of x. An end outside
// 0..T-1 panics when the graph runs.
func PoolLast[F params.Float](x, ends *G.Node) *G.Node { return pool[F]("PoolLast", x, ends, false) }

// PoolMean takes the mean of the vectors of each sequence up to its end; see PoolLast.
func PoolMean[F params.Float](x, ends *G.Node) *G.Node { return pool[F]("PoolMean", x, ends, true) }

func pool[F params.Float](name string, x, ends *G.Node, mean bool) *G.Node {
	want(name, "x", x, -1, -1, -1)
	s := x.Shape()
	k := dense.NewPool[F](s[0], s[1], s[2], mean)
	def := Definition[F]{Name: name, Inputs: G.Nodes{x}, Grads: []Gradient{GradPrimary}, Out: tensor.Shape{s[0], s[2]}}
	at := func(Operands[F]) []int32 { return nil }
	if ends != nil {
		want(name, "ends", ends, s[0])
		def.Inputs, def.Grads = append(def.Inputs, ends), append(def.Grads, GradNone)
		at = func(in Operands[F]) []int32 { return in.Indices(1) }
	}
	def.Forward = func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), at(in)) }
	def.Backward = func(grad [][]F, in Operands[F], _, dout []F) { k.Backward(grad[0], dout, at(in)) }
	return Apply(def)
}
