package recurrence

import (
	"math"
	"math/big"
)

// NaiveHouseholder returns gamma H_1 .. H_n of each head as matrices [D, D]: keys k [..., n, D], factors beta [..., n]
// and logarithms of gates [...], nil for gates of 1.
func NaiveHouseholder(k, beta, logGate []float64, n, d int) (m [][]*big.Float) {
	for i := range len(beta) / n {
		a := identity(d)
		for j := i * n; j < (i+1)*n; j++ {
			a = product(a, reflection(k[j*d:(j+1)*d], beta[j]))
		}
		if logGate != nil {
			for e := range a {
				a[e] = times(a[e], bigExp(logGate[i]))
			}
		}
		m = append(m, a)
	}
	return m
}

// NaiveHouseholderGrads returns the gradients of k, beta and logGate from those of the matrices.
func NaiveHouseholderGrads(dA [][]*big.Float, k, beta, logGate []float64, n, d int) (dk, dBeta, dLogGate []float64) {
	for i, g := range dA {
		gate := number(1)
		if logGate != nil {
			gate = bigExp(logGate[i])
		}
		whole := number(0) // <dA, A>
		for e, v := range NaiveHouseholder(k[i*n*d:(i+1)*n*d], beta[i*n:(i+1)*n], nil, n, d)[0] {
			whole.Add(whole, times(times(gate, v), g[e]))
		}
		dLogGate = append(dLogGate, float(whole))
		for j := range n {
			left, right := identity(d), identity(d)
			for m := range n {
				h := reflection(k[(i*n+m)*d:(i*n+m+1)*d], beta[i*n+m])
				if m < j {
					left = product(left, h)
				} else if m > j {
					right = product(right, h)
				}
			}
			// A = gamma left H right, so dH = gamma left^T dA right^T
			dH := product(product(transpose(left, d), g), transpose(right, d))
			row, step := reflectionGrad(dH, gate, k[(i*n+j)*d:(i*n+j+1)*d], beta[i*n+j])
			dk, dBeta = append(dk, row...), append(dBeta, step)
		}
	}
	return dk, dBeta, dLogGate
}

// reflectionGrad is the gradient of H = I - beta k^T k / (k . k) for dH times gate.
func reflectionGrad(dH []*big.Float, gate *big.Float, k []float64, beta float64) (dk []float64, dBeta float64) {
	d, key := len(k), numbers(k)
	norm := sumOf(key, key)
	if norm.Sign() == 0 {
		return make([]float64, d), 0
	}
	inverse := new(big.Float).SetPrec(bits).Quo(gate, norm)
	rows, columns := rowTimes(key, dH, false), rowTimes(key, dH, true)
	middle := sumOf(rows, key) // k dH k^T
	twice := times(number(2), new(big.Float).SetPrec(bits).Quo(middle, norm))
	for j := range d {
		v := new(big.Float).SetPrec(bits).Add(rows[j], columns[j])
		v.Sub(times(twice, key[j]), v)
		dk = append(dk, float(times(times(number(beta), inverse), v)))
	}
	return dk, -float(times(inverse, middle))
}

func reflection(k []float64, beta float64) []*big.Float {
	d, key, h := len(k), numbers(k), identity(len(k))
	norm := sumOf(key, key)
	if norm.Sign() == 0 {
		return h
	}
	for i := range d {
		for j := range d {
			v := new(big.Float).SetPrec(bits).Quo(times(times(number(beta), key[i]), key[j]), norm)
			h[i*d+j].Sub(h[i*d+j], v)
		}
	}
	return h
}

func identity(d int) []*big.Float {
	a := numbers(make([]float64, d*d))
	for i := range d {
		a[i*(d+1)] = number(1)
	}
	return a
}

func transpose(a []*big.Float, d int) []*big.Float {
	t := make([]*big.Float, len(a))
	for i := range d {
		for j := range d {
			t[j*d+i] = a[i*d+j]
		}
	}
	return t
}

func product(a, b []*big.Float) (c []*big.Float) {
	d := int(math.Sqrt(float64(len(a))))
	for i := range d {
		c = append(c, rowTimes(a[i*d:(i+1)*d], b, false)...)
	}
	return c
}

func sumOf(x, y []*big.Float) *big.Float {
	sum := number(0)
	for i := range x {
		sum.Add(sum, times(x[i], y[i]))
	}
	return sum
}

// bigExp is e^x by the series of e^(x/2^20), squared 20 times: 180 of the 200 bits are right.
func bigExp(x float64) *big.Float {
	if math.IsInf(x, -1) {
		return number(0)
	}
	y := number(math.Ldexp(x, -20))
	sum, term := number(1), number(1)
	for i := range 40 {
		term = new(big.Float).SetPrec(bits).Quo(times(term, y), number(float64(i+1)))
		sum.Add(sum, term)
	}
	for range 20 {
		sum = times(sum, sum)
	}
	return sum
}
