package dense

import "math"

// NaiveRMSNorm is RMSNorm by its definition. Gate may be nil.
type NaiveRMSNorm struct {
	Rows, Width     int
	Eps             float64
	X, Gate, Weight []float64 // [R, D], [R, D], [D]
}

// gate returns the factor of element i that the gate gives, and its derivative.
func (n NaiveRMSNorm) gate(i int) (factor, slope float64) {
	if n.Gate == nil {
		return 1, 0
	}
	return swish(n.Gate[i]), swishSlope(n.Gate[i])
}

// rstd returns 1/sqrt(mean square of row r + eps).
func (n NaiveRMSNorm) rstd(r int) float64 {
	sum := 0.0
	for _, x := range n.X[r*n.Width : (r+1)*n.Width] {
		sum += x * x
	}
	return 1 / math.Sqrt(sum/float64(n.Width)+n.Eps)
}

// Forward returns y [R, D].
func (n NaiveRMSNorm) Forward() (y []float64) {
	for i, x := range n.X {
		factor, _ := n.gate(i)
		y = append(y, x*n.rstd(i/n.Width)*n.Weight[i%n.Width]*factor)
	}
	return y
}

// Backward returns the gradients of sum(dy * y). With u = x rstd, each element of dy reaches its own x times rstd, and all
// x of its row through rstd: d rstd / dx_j = -rstd^2 u_j / D.
func (n NaiveRMSNorm) Backward(dy []float64) (dx, dgate, dweight []float64) {
	dx, dgate, dweight = make([]float64, len(n.X)), make([]float64, len(n.Gate)), make([]float64, n.Width)
	for i, x := range n.X {
		r, c := i/n.Width, i%n.Width
		rstd := n.rstd(r)
		factor, slope := n.gate(i)
		dweight[c] += dy[i] * x * rstd * factor
		if n.Gate != nil {
			dgate[i] = dy[i] * x * rstd * n.Weight[c] * slope
		}
		g := dy[i] * factor * n.Weight[c]
		dx[i] += g * rstd
		for j := r * n.Width; j < (r+1)*n.Width; j++ {
			dx[j] -= g * x * rstd * rstd * rstd * n.X[j] / float64(n.Width)
		}
	}
	return dx, dgate, dweight
}

// NaiveL2Norm is L2Norm by its definition.
type NaiveL2Norm struct {
	Rows, Width int
	X           []float64 // [R, D]
}

// r returns 1/sqrt(the sum of squares of the row + 1e-6).
func (n NaiveL2Norm) r(row int) float64 {
	sum := 0.0
	for _, x := range n.X[row*n.Width : (row+1)*n.Width] {
		sum += x * x
	}
	return 1 / math.Sqrt(sum+L2NormEps)
}

// Forward returns y [R, D].
func (n NaiveL2Norm) Forward() (y []float64) {
	for i, x := range n.X {
		y = append(y, x*n.r(i/n.Width))
	}
	return y
}

// Backward returns the gradient of sum(dy * y): dr / dx_j = -r^3 x_j.
func (n NaiveL2Norm) Backward(dy []float64) (dx []float64) {
	dx = make([]float64, len(n.X))
	for i, x := range n.X {
		row := i / n.Width
		r := n.r(row)
		dx[i] += dy[i] * r
		for j := row * n.Width; j < (row+1)*n.Width; j++ {
			dx[j] -= dy[i] * x * r * r * r * n.X[j]
		}
	}
	return dx
}
