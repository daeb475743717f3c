package dense

import "math"

// NaiveSiLU is SiLU by its definition.
type NaiveSiLU struct{ X []float64 }

// Forward returns y.
func (n NaiveSiLU) Forward() []float64 { return elementwise(n.X, swish) }

// Backward returns the gradient of sum(dy * y).
func (n NaiveSiLU) Backward(dy []float64) []float64 { return elementwiseBackward(n.X, dy, swishSlope) }

// NaiveGatedSiLU is GatedSiLU by its definition.
type NaiveGatedSiLU struct{ Gate, Up []float64 }

// Forward returns y.
func (n NaiveGatedSiLU) Forward() (y []float64) {
	for i, u := range n.Up {
		y = append(y, u*swish(n.Gate[i]))
	}
	return y
}

// Backward returns the gradients of sum(dy * y).
func (n NaiveGatedSiLU) Backward(dy []float64) (dgate, dup []float64) {
	for i, u := range n.Up {
		dgate, dup = append(dgate, dy[i]*u*swishSlope(n.Gate[i])), append(dup, dy[i]*swish(n.Gate[i]))
	}
	return dgate, dup
}

// NaiveSigmoid is Sigmoid by its definition.
type NaiveSigmoid struct {
	Factor float64
	X      []float64
}

// Forward returns y.
func (n NaiveSigmoid) Forward() []float64 {
	return elementwise(n.X, func(x float64) float64 { return n.Factor * sigmoid(x) })
}

// Backward returns the gradient of sum(dy * y).
func (n NaiveSigmoid) Backward(dy []float64) []float64 {
	return elementwiseBackward(n.X, dy, func(x float64) float64 { return n.Factor * sigmoid(x) * sigmoid(-x) })
}

// NaiveLogSigmoid is LogSigmoid by its definition.
type NaiveLogSigmoid struct {
	Factor float64
	X      []float64
}

// Forward returns y.
func (n NaiveLogSigmoid) Forward() []float64 {
	return elementwise(n.X, func(x float64) float64 { return -n.Factor * softplus(-x) })
}

// Backward returns the gradient of sum(dy * y).
func (n NaiveLogSigmoid) Backward(dy []float64) []float64 {
	return elementwiseBackward(n.X, dy, func(x float64) float64 { return n.Factor * sigmoid(-x) })
}

// softplus is ln(1 + e^x).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// NaiveSoftplusDecay is SoftplusDecay by its definition.
type NaiveSoftplusDecay struct {
	Rows, Width   int
	X, ALog, Bias []float64 // [R, H], [H], [H]
}

// Forward returns y [R, H].
func (n NaiveSoftplusDecay) Forward() (y []float64) {
	for i, x := range n.X {
		y = append(y, -math.Exp(n.ALog[i%n.Width])*softplus(x+n.Bias[i%n.Width]))
	}
	return y
}

// Backward returns the gradients of sum(dy * y).
func (n NaiveSoftplusDecay) Backward(dy []float64) (dx, daLog, dbias []float64) {
	daLog, dbias = make([]float64, n.Width), make([]float64, n.Width)
	for i, y := range n.Forward() {
		j := i % n.Width
		dx = append(dx, -dy[i]*math.Exp(n.ALog[j])*sigmoid(n.X[i]+n.Bias[j]))
		daLog[j] += dy[i] * y
		dbias[j] += dx[i]
	}
	return dx, daLog, dbias
}

func elementwise(x []float64, f func(float64) float64) (y []float64) {
	for _, v := range x {
		y = append(y, f(v))
	}
	return y
}

func elementwiseBackward(x, dy []float64, slope func(float64) float64) (dx []float64) {
	for i, v := range x {
		dx = append(dx, dy[i]*slope(v))
	}
	return dx
}
