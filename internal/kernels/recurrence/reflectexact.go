package recurrence

import (
	"math"

	"goomtrain/internal/simd"
)

// Reflections of one head in float64, with the exponents of rows and keys taken out: for keys, factors and weights that
// the kernels of package simd cannot take.

// exactMemory is the memory for one head of n reflections.
type exactMemory struct {
	keys, before, dk   []float64 // [n, D]
	dBeta              []float64 // [n]
	products, inverses []float64 // [n] y . k, 1/(k . k)
	row, adjoint       []float64 // [D]
}

func exactWork(n, d int) int { return 3*n*d + 3*n + 2*d }

func newExactMemory(x []float64, n, d int) (m exactMemory) {
	take := func(n int) []float64 {
		part := x[:n:n]
		x = x[n:]
		return part
	}
	return exactMemory{keys: take(n * d), before: take(n * d), dk: take(n * d), dBeta: take(n), products: take(n),
		inverses: take(n), row: take(d), adjoint: take(d)}
}

// exactKeys writes the mantissas of a head's keys to m.keys.
func (h *Householder[F]) exactKeys(m *exactMemory, first int) {
	d := h.walk.Width
	for j := range h.count {
		key := m.keys[j*d : (j+1)*d]
		widen(key, h.key(first+j))
		m.inverses[j] = 0
		if norm := dot(key, key); norm != 0 {
			m.inverses[j] = 1 / norm
		}
	}
}

// exactRows reflects m.row, and keeps it as it is before each reflection.
func (h *Householder[F]) exactRows(m *exactMemory, first int) {
	d := h.walk.Width
	for j := range h.count {
		key := m.keys[j*d : (j+1)*d]
		copy(m.before[j*d:], m.row)
		m.products[j] = dot(m.row, key)
		add(m.row, -float64(h.beta[first+j])*m.inverses[j]*m.products[j], key)
	}
}

func (h *Householder[F]) exact(dst, x []F, s *task[F], t, head int) int64 {
	at := h.at(s, t, head)
	m := newExactMemory(s.wide, h.count, h.walk.Width)
	h.exactKeys(&m, at*h.count)
	e := widen(m.row, x)
	h.exactRows(&m, at*h.count)
	scale(m.row, float64(h.gate[at]))
	return e + narrow(dst, m.row)
}

// exactGradient is reflect for the i-th head of a task.
func (h *Householder[F]) exactGradient(s *task[F], t int, before past[F], i int) {
	d, rows, at := h.walk.Width, h.walk.Rows, h.at(s, t, s.head+i)
	first, gate, dGate := at*h.count, float64(h.gate[at]), 0.0
	wide := math.MaxFloat64 / float64(rows) // so that the sum over the rows is finite
	m := newExactMemory(s.wide, h.count, d)
	h.exactKeys(&m, first)
	clear(m.dk)
	clear(m.dBeta)
	for r := i * rows; r < (i+1)*rows; r++ {
		e := h.shift[at] + before.exponent[r] + s.exponent[r] + widen(m.row, before.rows[r*d:(r+1)*d])
		scale(m.row, gate*float64(before.scale(r)))
		h.exactRows(&m, first)
		out := widen(m.adjoint, s.state[r*d:(r+1)*d])
		e += out
		for j := h.count - 1; j >= 0; j-- {
			key, y, dk := m.keys[j*d:(j+1)*d], m.before[j*d:(j+1)*d], m.dk[j*d:(j+1)*d]
			p, q, inverse := m.products[j], dot(m.adjoint, key), m.inverses[j]
			factor, ek := float64(h.beta[first+j])*inverse, int64(magnitude(h.key(first+j)))
			m.dBeta[j] += limited(-p*q*inverse, e, wide)
			for c := range dk {
				dk[c] += limited(factor*(2*p*q*inverse*key[c]-p*m.adjoint[c]-q*y[c]), e-ek, wide)
			}
			add(m.adjoint, -factor*q, key)
		}
		dGate += limited(dot(m.before[:d], m.adjoint), e, wide)
		scale(m.adjoint, gate)
		s.exponent[r] += out + narrow(s.product[r*d:(r+1)*d], m.adjoint)
	}
	saturate(h.dk[first*d:(first+h.count)*d], m.dk)
	saturate(h.dBeta[first:first+h.count], m.dBeta)
	saturate(h.dLogGate[at:at+1], []float64{dGate})
}

// widen writes x = dst*2^e as mantissas near 1.
func widen[F simd.Float](dst []float64, x []F) (e int64) {
	k := magnitude(x)
	for i, v := range x {
		dst[i] = math.Ldexp(float64(v), -k)
	}
	return int64(k)
}

func dot(x, y []float64) (sum float64) {
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

func add(dst []float64, c float64, x []float64) {
	for i, v := range x {
		dst[i] += c * v
	}
}

func scale(x []float64, c float64) {
	for i := range x {
		x[i] *= c
	}
}
