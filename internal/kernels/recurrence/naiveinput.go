package recurrence

import "math/big"

// NaiveInput is the recurrence with transitions that differ from step to step, by its definition, in arithmetic of 200
// bits: the contract of Full, Linear, Table and Householder.
type NaiveInput struct {
	Size
	U, X0 []float64      // [B, T, N, D], [N, D]
	A     [][]*big.Float // [B, T, H] matrices [D, D]
	Reset []int32        // [B, T] or nil
}

// NaiveMatrices returns matrices a [..., D, D] as transitions.
func NaiveMatrices(a []float64, d int) (m [][]*big.Float) {
	for ; len(a) > 0; a = a[d*d:] {
		m = append(m, numbers(a[:d*d]))
	}
	return m
}

func numbers(x []float64) []*big.Float {
	y := make([]*big.Float, len(x))
	for i, v := range x {
		y[i] = number(v)
	}
	return y
}

// begins reports whether the state before step t is x_0.
func (r NaiveInput) begins(b, t int) bool {
	return t == 0 || r.Reset != nil && r.Reset[b*r.Time+t] != 0
}

// at is the first element of row n of step t in arrays [B, T, N, D].
func (r NaiveInput) at(b, t, n int) int { return ((b*r.Time+t)*r.Size.states() + n) * r.Width }

// matrix is the transition of row n.
func (r NaiveInput) matrix(b, t, n int) int { return (b*r.Time+t)*r.Heads + n/r.Rows }

// entry is element (i, j) of a matrix or of its transpose.
func entry(a []*big.Float, d, i, j int, transposed bool) *big.Float {
	if transposed {
		i, j = j, i
	}
	return a[i*d+j]
}

// rowTimes returns x A or x A^T.
func rowTimes(x, a []*big.Float, transposed bool) []*big.Float {
	y := numbers(make([]float64, len(x)))
	for i := range x {
		for j := range y {
			y[j].Add(y[j], times(x[i], entry(a, len(x), i, j, transposed)))
		}
	}
	return y
}

// walk returns row n of the states of sequence b before and after each step.
func (r NaiveInput) walk(b, n int) (before, after [][]*big.Float) {
	for t := range r.Time {
		x := numbers(r.X0[n*r.Width : (n+1)*r.Width])
		if !r.begins(b, t) {
			x = after[t-1]
		}
		y := rowTimes(x, r.A[r.matrix(b, t, n)], false)
		for j := range y {
			y[j].Add(y[j], number(r.U[r.at(b, t, n)+j]))
		}
		before, after = append(before, x), append(after, y)
	}
	return before, after
}

// Factors returns e^2 / max |x| of every row, [B, T, N], nil where that is zero. The gradient holds them constant.
func (r NaiveInput) Factors() []*big.Float {
	c := make([]*big.Float, r.Batch*r.Time*r.Size.states())
	for b := range r.Batch {
		for n := range r.Size.states() {
			_, after := r.walk(b, n)
			for t, x := range after {
				c[r.at(b, t, n)/r.Width] = factor(x)
			}
		}
	}
	return c
}

// Forward returns z [B, T, N, D] with given factors.
func (r NaiveInput) Forward(factors []*big.Float) []float64 {
	z := make([]float64, len(r.U))
	for b := range r.Batch {
		for n := range r.Size.states() {
			_, after := r.walk(b, n)
			for t, x := range after {
				at := r.at(b, t, n)
				if c := factors[at/r.Width]; c != nil {
					for j, v := range x {
						z[at+j] = float(times(c, v))
					}
				}
			}
		}
	}
	return z
}

// Backward returns the gradients of sum(dz * z); du and dx_0 beyond the range of float64 are infinite.
func (r NaiveInput) Backward(dz []float64) (du []float64, dA [][]*big.Float, dx0 []float64) {
	du, dx0 = make([]float64, len(dz)), make([]float64, len(r.X0))
	d := r.Width
	for range r.A {
		dA = append(dA, numbers(make([]float64, d*d)))
	}
	for n := range r.Size.states() {
		sum := numbers(make([]float64, d))
		for b := range r.Batch {
			before, after := r.walk(b, n)
			back := numbers(make([]float64, d)) // l_{t+1} A^T
			for t := r.Time - 1; t >= 0; t-- {
				l, at, c := back, r.at(b, t, n), factor(after[t])
				for j := range l {
					if c != nil {
						l[j].Add(l[j], times(c, number(dz[at+j])))
					}
					du[at+j] = float(l[j])
					for i := range d {
						g := dA[r.matrix(b, t, n)][i*d+j]
						g.Add(g, times(before[t][i], l[j]))
					}
				}
				back = rowTimes(l, r.A[r.matrix(b, t, n)], true)
				if r.begins(b, t) {
					for j := range back {
						sum[j].Add(sum[j], back[j])
					}
					back = numbers(make([]float64, d))
				}
			}
		}
		for j := range sum {
			dx0[n*d+j] = float(sum[j])
		}
	}
	return du, dA, dx0
}
