package routing

import "math"

// NaiveMatrix is a matrix routing by its definition, in float64: the contract that Matrix is tested against.
type NaiveMatrix struct {
	MatrixSize
	A, Mu []float64 // [B, n], [B, n, c, d]
	P     MatrixParameters[float64]
	Mask  Mask
}

// A naiveMatrixStep is one iteration of one sample.
type naiveMatrixStep struct {
	r, phi, w     []float64 // [n, m]
	total         []float64 // [m] sums of f R, and epsilon
	a, mu, sigma2 []float64 // [m], [m, c*h] twice
}

// at returns row i of a parameter with that many columns, of which there may be one for all inputs.
func (v NaiveMatrix) at(x []float64, i, columns int) []float64 {
	if v.Shared {
		i = 0
	}
	return row(x, i, columns)
}

// votes returns the votes of a sample [n, m, c*h].
func (v NaiveMatrix) votes(b int) []float64 {
	votes := make([]float64, v.Inputs*v.Outputs*v.vote())
	for i := range v.Inputs {
		for j := range v.Outputs {
			vote := row(votes, i*v.Outputs+j, v.vote())
			copy(vote, row(v.at(v.P.B, i, v.Outputs*v.vote()), j, v.vote()))
			product(vote, row(v.Mu, b*v.Inputs+i, v.Cov*v.DIn), row(v.at(v.P.W, i, v.Outputs*v.DIn*v.DOut), j, v.DIn*v.DOut), v.Cov, v.DIn, v.DOut, false)
		}
	}
	return votes
}

// density is the logarithm of the probability of a vote at an output, but for what is the same at all outputs.
func (v NaiveMatrix) density(vote, mu, sigma2 []float64) (log float64) {
	for c := range vote {
		if square := (vote[c] - mu[c]) * (vote[c] - mu[c]); v.KMeans {
			log -= square
		} else {
			log -= square/(2*sigma2[c]) + math.Log(math.Sqrt(sigma2[c]))
		}
	}
	return log
}

// steps runs the iterations of a sample.
func (v NaiveMatrix) steps(b int, votes []float64) (steps []naiveMatrixStep) {
	n, m, p := v.Inputs, v.Outputs, v.vote()
	for range v.Iterations {
		e := naiveMatrixStep{make([]float64, n*m), make([]float64, n*m), make([]float64, n*m), make([]float64, m), make([]float64, m), make([]float64, m*p), make([]float64, m*p)}
		for i := range n {
			v.shares(row(e.r, i, m), b, i, votes, steps)
			f := sigmoid(v.A[b*n+i])
			for j := range m {
				if r := e.r[i*m+j]; !v.Mask.hides(b, i, j) {
					e.phi[i*m+j] = f * (v.at(v.P.Use, i, m)[j]*r - v.at(v.P.Ign, i, m)[j]*(1-r))
					e.a[j] += e.phi[i*m+j]
					e.w[i*m+j] = f * r
					e.total[j] += f * r
				}
			}
		}
		for j := range m {
			mu, sigma2 := row(e.mu, j, p), row(e.sigma2, j, p)
			e.total[j] += v.Epsilon
			for i := range n {
				e.w[i*m+j] /= e.total[j]
				for c, x := range row(votes, i*m+j, p) {
					mu[c] += e.w[i*m+j] * x
				}
			}
			for c := range sigma2 {
				sigma2[c] = v.Epsilon
				for i := range n {
					x := row(votes, i*m+j, p)[c] - mu[c]
					sigma2[c] += e.w[i*m+j] * x * x
				}
			}
		}
		steps = append(steps, e)
	}
	return steps
}

// shares writes the shares of an input that follow from the last step, equal ones if there is none.
func (v NaiveMatrix) shares(r []float64, b, i int, votes []float64, steps []naiveMatrixStep) {
	logits, largest, sum := make([]float64, len(r)), math.Inf(-1), 0.0
	for j := range r {
		if v.Mask.hides(b, i, j) {
			continue
		}
		if len(steps) > 0 {
			e, p := steps[len(steps)-1], v.vote()
			logits[j] = logSigmoid(e.a[j]) + v.density(row(votes, i*v.Outputs+j, p), row(e.mu, j, p), row(e.sigma2, j, p))
		}
		largest = max(largest, logits[j])
	}
	for j := range r {
		if !v.Mask.hides(b, i, j) {
			r[j] = math.Exp(logits[j] - largest)
			sum += r[j]
		}
	}
	for j := range r {
		if sum != 0 {
			r[j] /= sum
		}
	}
}

// Forward returns the outputs.
func (v NaiveMatrix) Forward() (out MatrixOutputs[float64]) {
	for b := range v.Batch {
		last := v.steps(b, v.votes(b))[v.Iterations-1]
		out.A, out.Mu, out.Sigma2, out.Phi = append(out.A, last.a...), append(out.Mu, last.mu...), append(out.Sigma2, last.sigma2...), append(out.Phi, last.phi...)
	}
	return out
}

// Backward returns the gradients of the sum of the outputs times d.
func (v NaiveMatrix) Backward(d MatrixOutputs[float64]) (da, dmu []float64, dp MatrixParameters[float64]) {
	da, dmu = make([]float64, len(v.A)), make([]float64, len(v.Mu))
	dp = MatrixParameters[float64]{make([]float64, len(v.P.W)), make([]float64, len(v.P.B)), make([]float64, len(v.P.Use)), make([]float64, len(v.P.Ign))}
	n, m, p := v.Inputs, v.Outputs, v.vote()
	for b := range v.Batch {
		of := MatrixOutputs[float64]{row(d.A, b, m), row(d.Mu, b, m*p), row(d.Sigma2, b, m*p), row(d.Phi, b, n*m)}
		dvotes := v.backward(b, row(da, b, n), dp, of)
		for i := range n {
			for j := range m {
				dvote, w := row(dvotes, i*m+j, p), v.at(v.P.W, i, m*v.DIn*v.DOut)
				dw, db := row(v.at(dp.W, i, m*v.DIn*v.DOut), j, v.DIn*v.DOut), row(v.at(dp.B, i, m*p), j, p)
				product(row(dmu, b*n+i, v.Cov*v.DIn), dvote, row(w, j, v.DIn*v.DOut), v.Cov, v.DOut, v.DIn, true)
				for c, g := range dvote {
					db[c] += g
					for l := range v.DIn {
						dw[l*v.DOut+c%v.DOut] += row(v.Mu, b*n+i, v.Cov*v.DIn)[c/v.DOut*v.DIn+l] * g
					}
				}
			}
		}
	}
	return da, dmu, dp
}

// backward adds the gradients of one sample to da and to those of use and ign, and returns that of the votes.
func (v NaiveMatrix) backward(b int, da []float64, dp MatrixParameters[float64], d MatrixOutputs[float64]) (dvotes []float64) {
	n, m, p := v.Inputs, v.Outputs, v.vote()
	votes, dphiOut := v.votes(b), d.Phi
	steps := v.steps(b, votes)
	dvotes = make([]float64, len(votes))
	for k := v.Iterations - 1; k >= 0; k-- {
		e, dr := steps[k], make([]float64, n*m)
		for j := range m {
			mu, dmu, dsigma2, along := row(e.mu, j, p), append([]float64(nil), row(d.Mu, j, p)...), row(d.Sigma2, j, p), 0.0
			dw := make([]float64, n)
			for i := range n {
				for c, x := range row(votes, i*m+j, p) {
					dmu[c] -= 2 * dsigma2[c] * e.w[i*m+j] * (x - mu[c])
				}
			}
			for i := range n {
				for c, x := range row(votes, i*m+j, p) {
					dw[i] += dmu[c]*x + dsigma2[c]*(x-mu[c])*(x-mu[c])
					dvotes[(i*m+j)*p+c] += e.w[i*m+j] * (dmu[c] + 2*dsigma2[c]*(x-mu[c]))
				}
				along += dw[i] * e.w[i*m+j]
			}
			for i := range n {
				if v.Mask.hides(b, i, j) {
					continue
				}
				f, r, use, ign, dphi := sigmoid(v.A[b*n+i]), e.r[i*m+j], v.at(v.P.Use, i, m)[j], v.at(v.P.Ign, i, m)[j], d.A[j]
				if dphiOut != nil {
					dphi += dphiOut[i*m+j]
				}
				weight := (dw[i] - along) / e.total[j] // gradient of f R
				v.at(dp.Use, i, m)[j] += dphi * f * r
				v.at(dp.Ign, i, m)[j] -= dphi * f * (1 - r)
				da[i] += f * (1 - f) * (dphi*(use*r-ign*(1-r)) + weight*r)
				dr[i*m+j] = f * (dphi*(use+ign) + weight)
			}
		}
		dphiOut = nil
		if k == 0 {
			break
		}
		before := steps[k-1]
		d = MatrixOutputs[float64]{A: make([]float64, m), Mu: make([]float64, m*p), Sigma2: make([]float64, m*p)}
		for i := range n {
			mean := dot(row(dr, i, m), row(e.r, i, m))
			for j, r := range row(e.r, i, m) {
				g := r * (dr[i*m+j] - mean) // of the logit
				d.A[j] += g * sigmoid(-before.a[j])
				for c, x := range row(votes, i*m+j, p) {
					from, scale := x-before.mu[j*p+c], 2.0
					if !v.KMeans {
						scale = 1 / before.sigma2[j*p+c]
						d.Sigma2[j*p+c] += g * scale * (from*from*scale - 1) / 2
					}
					d.Mu[j*p+c] += g * scale * from
					dvotes[(i*m+j)*p+c] -= g * scale * from
				}
			}
		}
	}
	return dvotes
}
