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
