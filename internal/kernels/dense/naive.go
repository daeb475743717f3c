package dense

import "math"

// NaiveLinear is Linear by its definition. Bias and Residual may be nil.
type NaiveLinear struct {
	Rows, In, Out  int
	Transposed     bool
	X, W           []float64 // [R, K], [K, M] or [M, K]
	Bias, Residual []float64 // [M], [R, M]
}

// at returns the place in W of the weight from input i to output j.
func (n NaiveLinear) at(i, j int) int {
	if n.Transposed {
		return j*n.In + i
	}
	return i*n.Out + j
}

// Forward returns y [R, M].
func (n NaiveLinear) Forward() (y []float64) {
	y = make([]float64, n.Rows*n.Out)
	for r := range n.Rows {
		for j := range n.Out {
			for i := range n.In {
				y[r*n.Out+j] += n.X[r*n.In+i] * n.W[n.at(i, j)]
			}
			if n.Bias != nil {
				y[r*n.Out+j] += n.Bias[j]
			}
			if n.Residual != nil {
				y[r*n.Out+j] += n.Residual[r*n.Out+j]
			}
		}
	}
	return y
}

// Backward returns the gradients of sum(dy * y); that of the residual is dy.
func (n NaiveLinear) Backward(dy []float64) (dx, dw, dbias []float64) {
	dx, dw, dbias = make([]float64, len(n.X)), make([]float64, len(n.W)), make([]float64, n.Out)
	for r := range n.Rows {
		for j := range n.Out {
			g := dy[r*n.Out+j]
			dbias[j] += g
			for i := range n.In {
				dx[r*n.In+i] += g * n.W[n.at(i, j)]
				dw[n.at(i, j)] += g * n.X[r*n.In+i]
			}
		}
	}
	return dx, dw, dbias
}

// NaiveLayerNorm is LayerNorm by its definition.
type NaiveLayerNorm struct {
	Rows, Width     int
	X, Weight, Bias []float64 // [R, D], [D], [D]
}

// normal returns row r with mean 0 and variance 1, and 1/sqrt(its variance + eps).
func (n NaiveLayerNorm) normal(r int) (h []float64, rstd float64) {
	row := n.X[r*n.Width : (r+1)*n.Width]
	var mean, variance float64
	for _, x := range row {
		mean += x / float64(n.Width)
	}
	for _, x := range row {
		variance += (x - mean) * (x - mean) / float64(n.Width)
	}
	rstd = 1 / math.Sqrt(variance+LayerNormEps)
	for _, x := range row {
		h = append(h, (x-mean)*rstd)
	}
	return h, rstd
}

// Forward returns y [R, D].
func (n NaiveLayerNorm) Forward() (y []float64) {
	for r := range n.Rows {
		h, _ := n.normal(r)
		for i := range h {
			y = append(y, h[i]*n.Weight[i]+n.Bias[i])
		}
	}
	return y
}

// Backward returns the gradients of sum(dy * y). With dh_i = dy_i weight_i,
//
//	dx_i = rstd * (dh_i - mean(dh) - h_i mean(dh*h))
func (n NaiveLayerNorm) Backward(dy []float64) (dx, dweight, dbias []float64) {
	dweight, dbias = make([]float64, n.Width), make([]float64, n.Width)
	for r := range n.Rows {
		h, rstd := n.normal(r)
		g := dy[r*n.Width : (r+1)*n.Width]
		var meanG, meanGH float64
		for i := range h {
			dweight[i] += g[i] * h[i]
			dbias[i] += g[i]
			meanG += g[i] * n.Weight[i] / float64(n.Width)
			meanGH += g[i] * n.Weight[i] * h[i] / float64(n.Width)
		}
		for i := range h {
			dx = append(dx, rstd*(g[i]*n.Weight[i]-meanG-h[i]*meanGH))
		}
	}
	return dx, dweight, dbias
}

// NaiveDot is Dot by its definition.
type NaiveDot struct{ X, W []float64 } // [R]

// Forward returns the sum of x * w.
func (n NaiveDot) Forward() (y float64) {
	for i := range n.X {
		y += n.X[i] * n.W[i]
	}
	return y
}

// Backward returns the gradients of dy * y.
func (n NaiveDot) Backward(dy float64) (dx, dw []float64) {
	for i := range n.X {
		dx, dw = append(dx, dy*n.W[i]), append(dw, dy*n.X[i])
	}
	return dx, dw
}
