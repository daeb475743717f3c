package dense

import "math"

const geluCubic = 0.044715

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// NaiveGELU is GELU by its definition with the hyperbolic tangent.
type NaiveGELU struct{ X []float64 }

// Forward returns y.
func (n NaiveGELU) Forward() (y []float64) {
	for _, x := range n.X {
		u := math.Sqrt(2/math.Pi) * (x + geluCubic*x*x*x)
		y = append(y, 0.5*x*(1+math.Tanh(u)))
	}
	return y
}

// Backward returns the gradient of sum(dy * y).
func (n NaiveGELU) Backward(dy []float64) (dx []float64) {
	for i, x := range n.X {
		u, du := math.Sqrt(2/math.Pi)*(x+geluCubic*x*x*x), math.Sqrt(2/math.Pi)*(1+3*geluCubic*x*x)
		tanh := math.Tanh(u)
		dx = append(dx, dy[i]*(0.5*(1+tanh)+0.5*x*(1-tanh*tanh)*du))
	}
	return dx
}

// NaiveGLU is GLU by its definition.
type NaiveGLU struct {
	Rows, Width int
	X           []float64 // [R, 2D]
}

// Forward returns y [R, D].
func (n NaiveGLU) Forward() []float64 { return gated(n.Rows, n.Width, n.X, sigmoid) }

// Backward returns the gradient [R, 2D] of sum(dy * y).
func (n NaiveGLU) Backward(dy []float64) []float64 {
	return gatedBackward(n.Rows, n.Width, n.X, dy, sigmoid, func(g float64) float64 { return sigmoid(g) * (1 - sigmoid(g)) })
}

// NaiveSwiGLU is SwiGLU by its definition.
type NaiveSwiGLU struct {
	Rows, Width int
	X           []float64 // [R, 2D]
}

func swish(g float64) float64 { return g * sigmoid(g) }

func swishSlope(g float64) float64 { return sigmoid(g) + g*sigmoid(g)*sigmoid(-g) }

// Forward returns y [R, D].
func (n NaiveSwiGLU) Forward() []float64 { return gated(n.Rows, n.Width, n.X, swish) }

// Backward returns the gradient [R, 2D] of sum(dy * y).
func (n NaiveSwiGLU) Backward(dy []float64) []float64 {
	return gatedBackward(n.Rows, n.Width, n.X, dy, swish, swishSlope)
}

// gated returns y = a gate(g) where a row of x is a followed by g.
func gated(rows, width int, x []float64, gate func(float64) float64) (y []float64) {
	for r := range rows {
		a, g := x[2*r*width:(2*r+1)*width], x[(2*r+1)*width:(2*r+2)*width]
		for i := range a {
			y = append(y, a[i]*gate(g[i]))
		}
	}
	return y
}

// gatedBackward returns the gradient of sum(dy * y).
func gatedBackward(rows, width int, x, dy []float64, gate, slope func(float64) float64) (dx []float64) {
	dx = make([]float64, len(x))
	for r := range rows {
		for i := range width {
			a, g := 2*r*width+i, (2*r+1)*width+i
			dx[a] = dy[r*width+i] * gate(x[g])
			dx[g] = dy[r*width+i] * x[a] * slope(x[g])
		}
	}
	return dx
}
