package ops_test

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/ops"
	"goomtrain/params"
)

// scaleAdd is an op that the package does not have: residual + scale * x, where x and residual are [R, D]
// and scale, one number for each channel, is [D].
//
//	dx = scale * dy    dscale = sum over rows of x * dy    dresidual = dy
func scaleAdd[F params.Float](x, scale, residual *G.Node) *G.Node {
	width := scale.Shape()[0]
	return ops.Apply(ops.Definition[F]{
		Name:   "scaleAdd",
		Inputs: G.Nodes{x, scale, residual},
		Grads:  []ops.Gradient{ops.GradPrimary, ops.GradSide, ops.GradSame},
		Out:    x.Shape(),
		Forward: func(out []F, in ops.Operands[F]) {
			x, scale, residual := in.Floats(0), in.Floats(1), in.Floats(2)
			for i := range out {
				out[i] = residual[i] + scale[i%width]*x[i]
			}
		},
		Backward: func(grads [][]F, in ops.Operands[F], _, dout []F) {
			x, scale := in.Floats(0), in.Floats(1)
			dx, dscale := grads[0], grads[1] // what they hold is undefined: dscale must be cleared
			clear(dscale)
			for i, dy := range dout {
				dx[i] = scale[i%width] * dy
				dscale[i%width] += x[i] * dy
			}
		},
	})
}

// A custom op, with its gradient checked against central differences.
func ExampleApply() {
	g := G.NewGraph()
	xs, scales, residuals := []float64{1, 2, 3, 4}, []float64{10, -1}, []float64{0, 0, 5, 5}
	x := constant(g, "x", []int{2, 2}, xs...)
	scale := constant(g, "scale", []int{2}, scales...)
	residual := constant(g, "residual", []int{2, 2}, residuals...)
	y := scaleAdd[float64](x, scale, residual)
	loss := ops.Dot[float64](y, y) // the sum of squares
	grads, err := G.Grad(loss, x, scale, residual)
	if err != nil {
		panic(err)
	}
	run, err := executor.New(g, append(G.Nodes{y, loss}, grads...)...)
	if err != nil {
		panic(err)
	}
	value := func(n *G.Node) any {
		v, err := run.Value(n)
		if err != nil {
			panic(err)
		}
		return v.Data()
	}
	lossNow := func() float64 {
		if err := run.RunAll(); err != nil {
			panic(err)
		}
		return value(loss).(float64)
	}
	fmt.Println("loss", lossNow(), "y", value(y))
	for i, numbers := range [][]float64{xs, scales, residuals} { // the memory that the graph reads
		fmt.Println(value(grads[i]))
		differences := make([]float64, len(numbers))
		for j, v := range numbers {
			const h = 1e-3
			numbers[j] = v + h
			above := lossNow()
			numbers[j] = v - h
			differences[j] = (above - lossNow()) / (2 * h)
			numbers[j] = v
		}
		fmt.Printf("%.6g\n", differences)
		lossNow()
	}
	// Output:
	// loss 1330 y [10 -2 35 1]
	// [200 4 700 -2]
	// [200 4 700 -2]
	// [230 0]
	// [230 0]
	// [20 -4 70 2]
	// [20 -4 70 2]
}

// Rows divided by their length, and the lengths as a second output.
func ExampleExtraOutput() {
	g := G.NewGraph()
	x := constant(g, "x", []int{2, 2}, 3, 4, 0, -2)
	var lengths []float64 // [R], written by Forward; Backward reads what Forward left there
	y := ops.Apply(ops.Definition[float64]{
		Name:   "normalize",
		Inputs: G.Nodes{x},
		Grads:  []ops.Gradient{ops.GradPrimary},
		Out:    x.Shape(),
		Forward: func(out []float64, in ops.Operands[float64]) {
			for r, x := range rows(in.Floats(0)) {
				lengths[r] = math.Hypot(x[0], x[1])
				out[2*r], out[2*r+1] = x[0]/lengths[r], x[1]/lengths[r]
			}
		},
		Backward: func(grads [][]float64, _ ops.Operands[float64], out, dout []float64) {
			dx := grads[0]
			for r, y := range rows(out) {
				dy := dout[2*r:]
				along := y[0]*dy[0] + y[1]*dy[1]
				dx[2*r], dx[2*r+1] = (dy[0]-along*y[0])/lengths[r], (dy[1]-along*y[1])/lengths[r]
			}
		},
	})
	var length *G.Node
	length, lengths = ops.ExtraOutput[float64](y, "normalize.length", tensor.Shape{2})
	show(y, x)

	run, err := executor.New(g, length)
	if err != nil {
		panic(err)
	}
	if err := run.RunAll(); err != nil {
		panic(err)
	}
	v, err := run.Value(length)
	if err != nil {
		panic(err)
	}
	fmt.Println(v.Data())
	// Output:
	// [0.6 0.8 0 -1]
	// [0.032 -0.024 0.5 0]
	// [5 2]
}

// rows cuts a matrix of width 2 into its rows.
func rows(x []float64) (r [][2]float64) {
	for i := 0; i < len(x); i += 2 {
		r = append(r, [2]float64(x[i:i+2]))
	}
	return r
}
