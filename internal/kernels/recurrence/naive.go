package recurrence

import "math/big"

// Naive is the recurrence by its definition, in arithmetic of 200 bits whose exponents have no practical
// bound: the contract that Kernel is tested against.
type Naive struct {
	B, T, N, D int
	U, A, X0   []float64 // [B, T, N, D], [D, D], [N, D]
	Reset      []int32   // [B, T] or nil
}

// bits is the precision of the naive form.
const bits = 200

func number(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }

func times(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Mul(x, y) }

func float(x *big.Float) float64 { f, _ := x.Float64(); return f }

// begins reports whether the state before step t is x_0.
func (r Naive) begins(b, t int) bool { return t == 0 || r.Reset != nil && r.Reset[b*r.T+t] != 0 }

// states returns the states [T, D] of hidden vector n of batch element b before and after each step.
func (r Naive) states(b, n int) (before, after [][]*big.Float) {
	var x []*big.Float
	for t := range r.T {
		if r.begins(b, t) {
			x = numbers(r.X0[n*r.D : (n+1)*r.D])
		}
		next := numbers(r.U[((b*r.T+t)*r.N+n)*r.D:][:r.D])
		for j, sum := range next {
			for i := range r.D {
				sum.Add(sum, times(x[i], number(r.A[i*r.D+j])))
			}
		}
		before, after, x = append(before, x), append(after, next), next
	}
	return before, after
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
			_, after := r.states(b, n)
			for _, x := range after {
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
			_, after := r.states(b, n)
			for t, x := range after {
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
			before, after := r.states(b, n)
			back := make([]*big.Float, r.D) // l_{t+1} A^T
			for i := range back {
				back[i] = number(0)
			}
			for t := r.T - 1; t >= 0; t-- {
				l := back
				if c := factor(after[t]); c != nil {
					for j := range l {
						l[j].Add(l[j], times(c, number(dz[((b*r.T+t)*r.N+n)*r.D+j])))
					}
				}
				back = make([]*big.Float, r.D)
				for i := range r.D {
					back[i] = number(0)
					du[((b*r.T+t)*r.N+n)*r.D+i] = float(l[i])
					for j := range r.D {
						sumA[i*r.D+j].Add(sumA[i*r.D+j], times(before[t][i], l[j]))
						back[i].Add(back[i], times(number(r.A[i*r.D+j]), l[j]))
					}
				}
				if r.begins(b, t) {
					for i := range back {
						sumX[n*r.D+i].Add(sumX[n*r.D+i], back[i])
						back[i] = number(0)
					}
				}
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
