package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// SiLU is the sigmoid linear unit x sigmoid(x), also called swish (arXiv 1702.03118), elementwise. Gradient: of x.
func SiLU[F params.Float](x *G.Node) *G.Node {
	n := x.Shape().TotalSize()
	return activation[F]("SiLU", x, x.Shape(), dense.NewSiLU[F](n), func(s *gpu.Scope) deviceActivation { return kernels.NewSiLU(s, n) })
}

// GatedSiLU is SwiGLU (arXiv 2002.05202) of two tensors of one shape: gate sigmoid(gate) up. Gradients: of both.
func GatedSiLU[F params.Float](gate, up *G.Node) *G.Node {
	want("GatedSiLU", "up", up, gate.Shape()...)
	n := gate.Shape().TotalSize()
	k := dense.NewGatedSiLU[F](n)
	return Apply(Definition[F]{
		Name:    "GatedSiLU",
		Cut:     Positionwise,
		Inputs:  G.Nodes{gate, up},
		Grads:   []Gradient{GradPrimary, GradSide},
		Out:     gate.Shape(),
		Forward: func(y []F, in Operands[F]) { k.Forward(y, in.Floats(0), in.Floats(1)) },
		Backward: func(grad [][]F, in Operands[F], _, dy []F) {
			k.Backward(grad[0], grad[1], in.Floats(0), in.Floats(1), dy)
		},
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewGatedSiLU(s, n)
			return DeviceForm{
				Forward: func(y gpu.Ptr, in []gpu.Ptr) { k.Forward(y, in[0], in[1]) },
				Backward: func(grads, in []gpu.Ptr, _, dy gpu.Ptr) {
					k.Backward(grads[0], grads[1], in[0], in[1], dy)
				},
			}
		},
	})
}

// Sigmoid is factor / (1 + exp(-x)), elementwise: the write strength of a delta rule, with factor 2 for negative
// eigenvalues (arXiv 2411.12537). Gradient: of x.
func Sigmoid[F params.Float](x *G.Node, factor float64) *G.Node {
	n := x.Shape().TotalSize()
	return activation[F]("Sigmoid", x, x.Shape(), dense.NewSigmoid[F](n, factor), func(s *gpu.Scope) deviceActivation { return kernels.NewSigmoid(s, n, factor) })
}

// LogSigmoid is ln(sigmoid(x)) / divisor, elementwise, finite wherever x is: the logarithm of a decay as in gated linear
// attention (arXiv 2312.06635), whose divisor is 16. Gradient: of x.
func LogSigmoid[F params.Float](x *G.Node, divisor float64) *G.Node {
	if divisor == 0 {
		panic(fmt.Sprintf("ops: LogSigmoid: the divisor is %v", divisor))
	}
	n := x.Shape().TotalSize()
	return activation[F]("LogSigmoid", x, x.Shape(), dense.NewLogSigmoid[F](n, 1/divisor), func(s *gpu.Scope) deviceActivation { return kernels.NewLogSigmoid(s, n, 1/divisor) })
}

// SoftplusDecay is the logarithm of a decay whose step depends on the input, as in Mamba-2 and Gated DeltaNet (arXiv
// 2405.21060, 2412.06464):
//
//	y = -exp(aLog) ln(1 + exp(x + dtBias))
//
// x [..., H], aLog, dtBias [H] -> [..., H]. Gradients: of all three.
func SoftplusDecay[F params.Float](x, aLog, dtBias *G.Node) *G.Node {
	rows, width := split(x.Shape())
	want("SoftplusDecay", "aLog", aLog, width)
	want("SoftplusDecay", "dtBias", dtBias, width)
	k := dense.NewSoftplusDecay[F](rows, width)
	return Apply(Definition[F]{
		Name:    "SoftplusDecay",
		Cut:     Positionwise,
		Inputs:  G.Nodes{x, aLog, dtBias},
		Grads:   []Gradient{GradPrimary, GradSide, GradSide},
		Out:     x.Shape(),
		Forward: func(y []F, in Operands[F]) { k.Forward(y, in.Floats(0), in.Floats(1), in.Floats(2)) },
		Backward: func(grad [][]F, in Operands[F], y, dy []F) {
			k.Backward(grad[0], grad[1], grad[2], in.Floats(0), in.Floats(2), y, dy)
		},
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewSoftplusDecay(s, rows, width)
			return DeviceForm{
				Forward: func(y gpu.Ptr, in []gpu.Ptr) { k.Forward(y, in[0], in[1], in[2]) },
				Backward: func(grads, in []gpu.Ptr, y, dy gpu.Ptr) {
					k.Backward(grads[0], grads[1], grads[2], in[0], in[2], y, dy)
				},
			}
		},
	})
}
