package routing

import "math"

// epsilon is added to the variance of an output.
const epsilon = 1e-5

// NaiveVector is a vector routing by its definition, in float64: the contract that Vector is tested against.
type NaiveVector struct {
	VectorSize
	X    []float64 // [B, n, d]
	P    VectorParameters[float64]
	Mask Mask
}

// A naiveStep is one iteration of one sample.
type naiveStep struct {
	unit, hidden, pred []float64 // N(out of the iteration before) [m, h], unit WG1 [m, d], predictions [m, d]
	c, t               []float64 // [n, m] products with predictions, before and after WS and BS
	r, phi             []float64 // [n, m]
	y, out             []float64 // [m, d] sums of inputs, [m, h]
}

// A naiveSample is what one sample needs besides: activations f, credit and cost of use.
type naiveSample struct {
	scale    float64
	f        []float64 // [n]
	use, ign []float64 // [n, m]
	steps    []naiveStep
}

// at returns row i of a parameter with that many columns, of which there may be one for all inputs.
func (v NaiveVector) at(x []float64, i, columns int) []float64 {
	if v.Shared {
		i = 0
	}
	return x[i*columns : (i+1)*columns]
}

func row(x []float64, i, columns int) []float64 { return x[i*columns : (i+1)*columns] }

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// product adds x [m, k] w [k, n], or with transposed w [n, k] its transpose, to y [m, n].
func product(y, x, w []float64, m, k, n int, transposed bool) {
	for i := range m {
		for j := range n {
			for l := range k {
				if transposed {
					y[i*n+j] += x[i*k+l] * w[j*k+l]
				} else {
					y[i*n+j] += x[i*k+l] * w[l*n+j]
				}
			}
		}
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// logSigmoid is -ln(1 + e^-x).
func logSigmoid(x float64) float64 { return min(x, 0) - math.Log1p(math.Exp(-math.Abs(x))) }

// normalized returns the rows of x [m, h] with mean 0 and variance 1.
func (v VectorSize) normalized(x []float64) []float64 {
	y := make([]float64, len(x))
	for j := range v.Outputs {
		mean, scale := v.moments(row(x, j, v.DOut))
		for i, e := range row(x, j, v.DOut) {
			y[j*v.DOut+i] = (e - mean) * scale
		}
	}
	return y
}

func (v VectorSize) moments(x []float64) (mean, scale float64) {
	if !v.normal() {
		return 0, 1
	}
	for _, e := range x {
		mean += e / float64(len(x))
	}
	variance := 0.0
	for _, e := range x {
		variance += (e - mean) * (e - mean) / float64(len(x))
	}
	return mean, 1 / math.Sqrt(variance+epsilon)
}

// normalizedBackward returns the gradient of x from that of normalized(x).
func (v VectorSize) normalizedBackward(x, dy []float64) []float64 {
	if !v.normal() {
		return dy
	}
	dx, y := make([]float64, len(x)), v.normalized(x)
	for j := range v.Outputs {
		_, scale := v.moments(row(x, j, v.DOut))
		mean, along := 0.0, dot(row(y, j, v.DOut), row(dy, j, v.DOut))/float64(v.DOut)
		for _, g := range row(dy, j, v.DOut) {
			mean += g / float64(v.DOut)
		}
		for i, g := range row(dy, j, v.DOut) {
			dx[j*v.DOut+i] = scale * (g - mean - y[j*v.DOut+i]*along)
		}
	}
	return dx
}

// sample runs the iterations of a sample.
func (v NaiveVector) sample(b int) naiveSample {
	n, m, d, h := v.Inputs, v.Outputs, v.DIn, v.DOut
	x := row(v.X, b, n*d)
	s := naiveSample{f: make([]float64, n), use: make([]float64, n*m), ign: make([]float64, n*m)}
	if seen := v.Mask.seen(b, n, m); seen > 0 {
		s.scale = 1 / math.Sqrt(float64(seen))
	}
	for i := range n {
		s.f[i] = sigmoid(s.scale*dot(row(x, i, d), v.at(v.P.WA, i, d)) + v.at(v.P.BA, i, 1)[0])
		for j := range m {
			if v.Shared {
				s.use[i*m+j] = dot(row(x, i, d), row(v.P.Use, j, d)) + v.P.UseBias[j]
				s.ign[i*m+j] = dot(row(x, i, d), row(v.P.Ign, j, d)) + v.P.IgnBias[j]
			} else {
				s.use[i*m+j], s.ign[i*m+j] = v.P.Use[i*m+j], v.P.Ign[i*m+j]
			}
		}
	}
	for k := range v.Iterations {
		e := naiveStep{c: make([]float64, n*m), t: make([]float64, n*m), r: make([]float64, n*m), phi: make([]float64, n*m), y: make([]float64, m*d), out: make([]float64, m*h)}
		if k > 0 {
			e.unit, e.hidden, e.pred = v.normalized(s.steps[k-1].out), make([]float64, m*d), make([]float64, m*d)
			product(e.hidden, e.unit, v.P.WG1, m, h, d, false)
			for i := range e.pred {
				e.pred[i] = e.hidden[i]*v.P.WG2[i] + v.P.BG2[i]
			}
			product(e.c, x, e.pred, n, d, m, true)
		}
		for i := range n {
			for j := range m {
				e.t[i*m+j] = e.c[i*m+j]*v.at(v.P.WS, i, m)[j] + v.at(v.P.BS, i, m)[j]
			}
			v.shares(row(e.r, i, m), row(e.t, i, m), b, i, k == 0)
			for j, r := range row(e.r, i, m) {
				if !v.Mask.hides(b, i, j) {
					e.phi[i*m+j] = s.f[i] * (s.use[i*m+j]*r - s.ign[i*m+j]*(1-r))
				}
			}
		}
		for j := range m {
			for i := range n {
				for c := range d {
					e.y[j*d+c] += e.phi[i*m+j] * s.scale * x[i*d+c]
				}
				for c := range h {
					e.out[j*h+c] += e.phi[i*m+j] * v.P.BF2[j*h+c]
				}
			}
		}
		product(e.out, scaled(e.y, v.P.WF1), v.P.WF2, m, d, h, false)
		s.steps = append(s.steps, e)
	}
	return s
}

// scaled returns x * w.
func scaled(x, w []float64) []float64 {
	y := make([]float64, len(x))
	for i := range y {
		y[i] = x[i] * w[i]
	}
	return y
}

// shares writes the softmax of the logarithms of sigmoids of t, over the outputs that do not ignore the input; in the
// first iteration all are equal.
func (v NaiveVector) shares(r, t []float64, b, i int, first bool) {
	largest, sum := math.Inf(-1), 0.0
	for j := range t {
		if !v.Mask.hides(b, i, j) {
			largest = max(largest, logSigmoid(t[j]))
		}
	}
	for j := range t {
		if !v.Mask.hides(b, i, j) {
			if r[j] = math.Exp(logSigmoid(t[j]) - largest); first {
				r[j] = 1
			}
			sum += r[j]
		}
	}
	for j := range t {
		if sum != 0 {
			r[j] /= sum
		}
	}
}

// Forward returns the outputs [B, m, h] and the credit phi [B, n, m] that outputs give to inputs.
func (v NaiveVector) Forward() (out, phi []float64) {
	for b := range v.Batch {
		s := v.sample(b)
		last := s.steps[v.Iterations-1]
		phi = append(phi, last.phi...)
		if v.Normalize {
			last.out = v.normalized(last.out)
		}
		out = append(out, last.out...)
	}
	return out, phi
}
