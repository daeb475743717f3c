package dense

import (
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
)

// TestNaiveGradients compares the gradients of the definitions with finite differences.
func TestNaiveGradients(t *testing.T) {
	const rows, width = 4, 5
	normal := kerneltest.Normal[float64]
	// check perturbs every x, whose gradients are those of sum(dy * forward()).
	check := func(name string, forward func() []float64, dy []float64, x, dx []float64) {
		t.Helper()
		gradcheck.Check(t, name, func() float64 { return kerneltest.Dot(forward(), dy) }, x, dx, gradcheck.Options{})
	}
	dy := normal("dy", rows*width)

	for _, transposed := range []bool{false, true} {
		n := NaiveLinear{Rows: rows, In: 3, Out: width, Transposed: transposed, X: normal("x", rows*3), W: normal("w", 3*width),
			Bias: normal("b", width), Residual: normal("r", rows*width)}
		dx, dw, dbias := n.Backward(dy)
		check("linear x", n.Forward, dy, n.X, dx)
		check("linear w", n.Forward, dy, n.W, dw)
		check("linear bias", n.Forward, dy, n.Bias, dbias)
		check("linear residual", n.Forward, dy, n.Residual, dy)
	}

	norm := NaiveLayerNorm{rows, width, normal("x", rows*width), normal("w", width), normal("b", width)}
	dx, dweight, dbias := norm.Backward(dy)
	check("norm x", norm.Forward, dy, norm.X, dx)
	check("norm weight", norm.Forward, dy, norm.Weight, dweight)
	check("norm bias", norm.Forward, dy, norm.Bias, dbias)

	for _, gate := range [][]float64{nil, normal("gate", rows*width)} {
		rms := NaiveRMSNorm{rows, width, 1e-2, normal("x", rows*width), gate, normal("w", width)}
		dx, dgate, dweight := rms.Backward(dy)
		check("RMSNorm x", rms.Forward, dy, rms.X, dx)
		check("RMSNorm gate", rms.Forward, dy, gate, dgate)
		check("RMSNorm weight", rms.Forward, dy, rms.Weight, dweight)
	}
	l2 := NaiveL2Norm{rows, width, normal("x", rows*width)}
	check("L2Norm", l2.Forward, dy, l2.X, l2.Backward(dy))
	silu, sigmoid, logSigmoid := NaiveSiLU{normal("x", rows*width)}, NaiveSigmoid{2, normal("x", rows*width)}, NaiveLogSigmoid{0.5, normal("x", rows*width)}
	check("SiLU", silu.Forward, dy, silu.X, silu.Backward(dy))
	check("Sigmoid", sigmoid.Forward, dy, sigmoid.X, sigmoid.Backward(dy))
	check("LogSigmoid", logSigmoid.Forward, dy, logSigmoid.X, logSigmoid.Backward(dy))
	gated := NaiveGatedSiLU{normal("gate", rows*width), normal("up", rows*width)}
	dgate, dup := gated.Backward(dy)
	check("GatedSiLU gate", gated.Forward, dy, gated.Gate, dgate)
	check("GatedSiLU up", gated.Forward, dy, gated.Up, dup)
	decay := NaiveSoftplusDecay{rows, width, normal("x", rows*width), normal("a", width), normal("b", width)}
	dxDecay, daLog, dbiasDecay := decay.Backward(dy)
	check("decay x", decay.Forward, dy, decay.X, dxDecay)
	check("decay aLog", decay.Forward, dy, decay.ALog, daLog)
	check("decay bias", decay.Forward, dy, decay.Bias, dbiasDecay)

	gelu := NaiveGELU{[]float64{-4, -1, -0.1, 0, 0.3, 2, 5}}
	check("GELU", gelu.Forward, dy[:7], gelu.X, gelu.Backward(dy[:7]))
	glu, swiglu := NaiveGLU{rows, width, normal("x", 2*rows*width)}, NaiveSwiGLU{rows, width, normal("x", 2*rows*width)}
	check("GLU", glu.Forward, dy, glu.X, glu.Backward(dy))
	check("SwiGLU", swiglu.Forward, dy, swiglu.X, swiglu.Backward(dy))

	embedding := NaiveEmbedding{3, width, []int32{2, 0, 2, 2}, normal("w", 3*width)}
	check("embedding", embedding.Forward, dy, embedding.W, embedding.Backward(dy))
	rotary := NaiveRotary{2, 2, 2, 2, width, 7, normal("x", rows*width)}
	check("rotary", rotary.Forward, dy, rotary.X, rotary.Backward(dy))
	positions := NaiveAddPositions{2, 2, 6, width, 3, normal("x", rows*width), normal("table", 6*width)}
	check("positions x", positions.Forward, dy, positions.X, dy)
	check("positions table", positions.Forward, dy, positions.Table, positions.Backward(dy))

	dropout := NaiveDropout[float64]{2, 10, 0.3, "site", *NewNoise(3), normal("x", rows*width), normal("r", rows*width)}
	check("dropout x", dropout.Forward, dy, dropout.X, dropout.Backward(dy))
	check("dropout residual", dropout.Forward, dy, dropout.Residual, dy)

	scalar := func(f func() float64) func() []float64 { return func() []float64 { return []float64{f()} } }
	dot := NaiveDot{normal("x", 7), normal("w", 7)}
	dxDot, dwDot := dot.Backward(-3)
	check("dot x", scalar(dot.Forward), []float64{-3}, dot.X, dxDot)
	check("dot w", scalar(dot.Forward), []float64{-3}, dot.W, dwDot)
	head := NaiveHead{rows, width, 6, normal("x", rows*width), normal("w", 6*width), []int32{5, -1, 0, 2}, 0.25}
	dxHead, dwHead := head.Backward(-3)
	check("head x", scalar(head.Forward), []float64{-3}, head.X, dxHead)
	check("head w", scalar(head.Forward), []float64{-3}, head.W, dwHead)
}
