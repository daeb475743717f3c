package recurrence

import "math/big"

// Naive is the recurrence by its definition, in arithmetic of 200 bits whose exponents have no practical
// bound: the contract that Kernel is tested against.
type Naive struct {
	B, T, N, D int
	U, A, X0   []float64 // [B, T, N, D], [D, D], [N, D]
}

// bits is the precision of the naive form.
const bits = 200

func number(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }

func times(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Mul(x, y) }

func float(x *big.Float) float64 { f, _ := x.Float64(); return f }

// states returns x [T+1, D] of hidden vector n of batch element b, x_0 first.
func (r Naive) states(b, n int) [][]*big.Float {
	x := make([][]*big.Float, r.T+1)
	for t := range x {
		x[t] = make([]*big.Float, r.D)
		for j := range r.D {
			if t == 0 {
				x[t][j] = number(r.X0[n*r.D+j])
				continue
			}
			sum := number(r.U[((b*r.T+t-1)*r.N+n)*r.D+j])
			for i := range r.D {
				sum.Add(sum, times(x[t-1][i], number(r.A[i*r.D+j])))
			}
			x[t][j] = sum
		}
	}
	return x
}

// factor returns e^2 / max|x|, nil for a row of zeros.
func factor(x []*big.Float) *big.Float {
	largest := number(0)
	for _, v := range x {
		if a := new(big.Float).Abs(v); a.Cmp(largest) > 0 {
			largest = a
		}
	}
	if largest.Sign() == 0 {
		return nil
	}
	return new(big.Float).SetPrec(bits).Quo(number(readout), largest)
}

// factors returns that of every state, [B, N, T].
func (r Naive) factors() (c []*big.Float) {
	for b := range r.B {
		for n := range r.N {
			for _, x := range r.states(b, n)[1:] {
				c = append(c, factor(x))
			}
		}
	}
	return c
}

// Forward returns z [B, T, N, D].
func (r Naive) Forward() []float64 { return r.read(r.factors()) }

// read returns z with given factors. Those that Forward uses are constants for the gradient.
func (r Naive) read(factors []*big.Float) []float64 {
	z := make([]float64, r.B*r.T*r.N*r.D)
	for b := range r.B {
		for n := range r.N {
			for t, x := range r.states(b, n)[1:] {
				if c := factors[(b*r.N+n)*r.T+t]; c != nil {
					for j, v := range x {
						z[((b*r.T+t)*r.N+n)*r.D+j] = float(times(c, v))
					}
				}
			}
		}
	}
	return z
}

// Backward returns the gradients of sum(dz * z), the maximum of each row being a constant. A value beyond
// the range of float64 is infinite here.
func (r Naive) Backward(dz []float64) (du, dA, dx0 []float64) {
	du = make([]float64, len(dz))
	sumA, sumX := make([]*big.Float, r.D*r.D), make([]*big.Float, r.N*r.D)
	for i := range sumA {
		sumA[i] = number(0)
	}
	for i := range sumX {
		sumX[i] = number(0)
	}
	for b := range r.B {
		for n := range r.N {
			x := r.states(b, n)
			back := make([]*big.Float, r.D) // l_{t+1} A^T
			for i := range back {
				back[i] = number(0)
			}
			for t := r.T - 1; t >= 0; t-- {
				l := back
				if c := factor(x[t+1]); c != nil {
					for j := range l {
						l[j].Add(l[j], times(c, number(dz[((b*r.T+t)*r.N+n)*r.D+j])))
					}
				}
				back = make([]*big.Float, r.D)
				for i := range r.D {
					back[i] = number(0)
					du[((b*r.T+t)*r.N+n)*r.D+i] = float(l[i])
					for j := range r.D {
						sumA[i*r.D+j].Add(sumA[i*r.D+j], times(x[t][i], l[j]))
						back[i].Add(back[i], times(number(r.A[i*r.D+j]), l[j]))
					}
				}
			}
			for i := range back {
				sumX[n*r.D+i].Add(sumX[n*r.D+i], back[i])
			}
		}
	}
	for _, s := range sumA {
		dA = append(dA, float(s))
	}
	for _, s := range sumX {
		dx0 = append(dx0, float(s))
	}
	return du, dA, dx0
}
