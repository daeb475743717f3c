package lyapunov

import (
	"errors"
	"fmt"
	"math"

	"goomtrain/goom"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// ErrNonFinite is what estimators return once a Jacobian had an infinity or NaN: the orbit has diverged or
// the step is too long.
var ErrNonFinite = errors.New("lyapunov: the Jacobians have a NaN or an infinity: the orbit has diverged, or the time step is too long")

// means are sums of logarithms of growth over steps.
type means struct {
	d     int
	dt    float64
	steps int
	sum   []float64
}

func newMeans(d int, dt float64) means {
	if d < 1 || !(dt > 0) {
		panic(fmt.Sprintf("lyapunov: dimension %d, time step %v", d, dt))
	}
	return means{d: d, dt: dt, sum: make([]float64, d)}
}

// count is the number of Jacobians of a list.
func (m *means) count(jac []float64) int {
	if len(jac)%(m.d*m.d) != 0 {
		panic(fmt.Sprintf("lyapunov: %d numbers are no list of %d by %d Jacobians", len(jac), m.d, m.d))
	}
	return len(jac) / (m.d * m.d)
}

// Exponents returns the estimates so far. It fails before the first Jacobian and after one that is not finite.
func (m *means) Exponents() ([]float64, error) {
	if m.steps == 0 {
		return nil, errors.New("lyapunov: no Jacobian yet")
	}
	out := make([]float64, m.d)
	for i, s := range m.sum {
		out[i] = s / (float64(m.steps) * m.dt)
		if math.IsNaN(out[i]) || math.IsInf(out[i], 1) {
			return nil, ErrNonFinite
		}
	}
	return out, nil
}

// Steps is the number of Jacobians taken so far.
func (m *means) Steps() int { return m.steps }

// growth is the sum of ln|diag R| over matrices in a list.
func (m *means) growth(r []float64) {
	d := m.d
	for i := 0; i < len(r); i += d * d {
		for k := range d {
			m.sum[k] += simd.Log64(r[i+k*d+k])
		}
	}
}

// Sequential estimates a spectrum by QR factorizations, one after another.
type Sequential struct {
	means
	q, next, r []float64
	work       *reflections
}

// NewSequential returns the estimator of a spectrum of dimension d at time step dt. q0 [d, d] holds the first
// deviations in its columns, which are scaled to length 1; nil is the identity.
func NewSequential(d int, dt float64, q0 []float64) *Sequential {
	s := &Sequential{means: newMeans(d, dt), q: make([]float64, d*d), next: make([]float64, d*d), r: make([]float64, d*d), work: newReflections(d)}
	if q0 == nil {
		for i := range d {
			s.q[i*d+i] = 1
		}
		return s
	}
	if len(q0) != d*d {
		panic(fmt.Sprintf("lyapunov: q0 has %d numbers, want %d by %d", len(q0), d, d))
	}
	for j := range d {
		norm := 0.0
		for i := range d {
			norm = math.Hypot(norm, q0[i*d+j])
		}
		for i := range d {
			s.q[i*d+j] = q0[i*d+j] / norm
		}
	}
	return s
}

// Add takes the next Jacobians [n, d, d].
func (s *Sequential) Add(jac []float64) {
	n, d := s.count(jac), s.d
	for t := range n {
		matmul.Serial(false, false, d, d, d, 1, jac[t*d*d:][:d*d], d, s.q, d, 0, s.next, d)
		s.work.factor(s.q, s.r, s.next)
		s.growth(s.r)
	}
	s.steps += n
}

// Parallel estimates a spectrum by a prefix scan with selective resetting.
type Parallel struct {
	means
	Pairs     int     // how many pairs of vectors must have become colinear before a state is reset; 1
	Threshold float64 // the cosine, in absolute value, above which a pair counts as colinear; 0.99999
	carry     goom.Pair[goom.Matrices[float64]]
	op        goom.Resetting[goom.Matrices[float64]]
}

// NewParallel returns the estimator of a spectrum of dimension d at time step dt. s0 [d, d] holds the first
// deviations in its rows; nil is the identity.
func NewParallel(d int, dt float64, s0 []float64) *Parallel {
	p := &Parallel{means: newMeans(d, dt), Pairs: 1, Threshold: 0.99999}
	if s0 == nil {
		s0 = make([]float64, d*d)
		for i := range d {
			s0[i*d+i] = 1
		}
	}
	if len(s0) != d*d {
		panic(fmt.Sprintf("lyapunov: s0 has %d numbers, want %d by %d", len(s0), d, d))
	}
	p.carry = goom.PairOf(goom.MatricesOf(s0, 1, d, d))
	p.op = goom.ResettingMatrices(p.colinear, orthonormal)
	return p
}

// segment is the largest number of states of one scan. It bounds the memory.
const segment = 1 << 14

// Add takes the next Jacobians [n, d, d].
func (p *Parallel) Add(jac []float64) {
	n := p.count(jac)
	for lo := 0; lo < n; lo += segment {
		p.add(jac[lo*p.d*p.d : min(n, lo+segment)*p.d*p.d])
	}
	p.steps += n
}

// add scans one segment: the states before each of its Jacobians are the carry times the transposed Jacobians
// up to the one before.
func (p *Parallel) add(jac []float64) {
	d := p.d
	n := len(jac) / (d * d)
	transposed := goom.NewMatrices[float64](n, d, d)
	simd.ForRange(n, 1024, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			transpose(transposed.Mant[t*d*d:][:d*d], jac[t*d*d:][:d*d], d)
		}
	})
	elements := make([]goom.Pair[goom.Matrices[float64]], n+1)
	elements[0] = p.carry
	for t := range n {
		elements[t+1] = goom.PairOf(goom.Matrices[float64]{N: 1, Rows: d, Cols: d,
			Mant: transposed.Mant[t*d*d:][: d*d : d*d], Exp: transposed.Exp[t:][:1:1]})
	}
	states := goom.Accumulate(elements, p.op.Combine)
	p.carry = states[n]

	q, r := make([]float64, n*d*d), make([]float64, n*d*d)
	simd.ForRange(n, 256, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			if s, ok := p.op.State(states[t]); ok {
				transpose(q[t*d*d:][:d*d], s.Mant, d) // the vectors become columns
			}
		}
	})
	QR(q, nil, q, n, d)
	simd.ForRange(n, 256, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			matmul.Serial(false, false, d, d, d, 1, jac[t*d*d:][:d*d], d, q[t*d*d:][:d*d], d, 0, r[t*d*d:][:d*d], d)
		}
	})
	QR(q, r, r, n, d)
	p.growth(r)
}

// colinear is the selector: it reports whether enough pairs of rows have the same or opposite directions.
func (p *Parallel) colinear(m goom.Matrices[float64]) bool {
	d, found := p.d, 0
	for i := range d {
		x := m.Mant[i*d:][:d]
		xx := dot(x, x)
		for j := range i {
			y := m.Mant[j*d:][:d]
			xy := dot(x, y)
			if xy*xy > p.Threshold*p.Threshold*xx*dot(y, y) {
				if found++; found >= p.Pairs {
					return true
				}
			}
		}
	}
	return false
}

func dot(x, y []float64) float64 {
	s := 0.0
	for i, v := range x {
		s += v * y[i]
	}
	return s
}

// orthonormal is the reset: it returns an orthonormal basis of the rows, in their order.
func orthonormal(m goom.Matrices[float64]) goom.Matrices[float64] {
	d := m.Rows
	out := goom.NewMatrices[float64](1, d, d)
	q := make([]float64, d*d)
	transpose(q, m.Mant, d)
	newReflections(d).factor(q, nil, q)
	transpose(out.Mant, q, d)
	return out
}

func transpose(dst, src []float64, d int) {
	for i := range d {
		for j := range d {
			dst[j*d+i] = src[i*d+j]
		}
	}
}

// Largest estimates the largest exponent alone.
type Largest struct {
	d     int
	dt    float64
	steps int
	u     []float64
	chain *goom.Chain[float64]
}

// NewLargest returns the estimator of the largest exponent in dimension d at time step dt, from the first
// deviation u0 [d], which is scaled to length 1.
func NewLargest(d int, dt float64, u0 []float64) *Largest {
	newMeans(d, dt) // panics on bad arguments
	if len(u0) != d {
		panic(fmt.Sprintf("lyapunov: u0 has %d numbers, want %d", len(u0), d))
	}
	l := &Largest{d: d, dt: dt, u: make([]float64, d), chain: goom.NewChain[float64](d)}
	norm := 0.0
	for _, v := range u0 {
		norm = math.Hypot(norm, v)
	}
	for i, v := range u0 {
		l.u[i] = v / norm
	}
	return l
}

// Add takes the next Jacobians [n, d, d].
func (l *Largest) Add(jac []float64) {
	m := means{d: l.d}
	n, d := m.count(jac), l.d
	t := make([]float64, len(jac))
	for i := range n {
		transpose(t[i*d*d:][:d*d], jac[i*d*d:][:d*d], d)
	}
	l.chain.Mul(goom.MatricesOf(t, n, d, d))
	l.steps += n
}

// Steps is the number of Jacobians taken so far.
func (l *Largest) Steps() int { return l.steps }

// Exponent returns the estimate so far. It fails before the first Jacobian and after one that is not finite.
func (l *Largest) Exponent() (float64, error) {
	if l.steps == 0 {
		return 0, errors.New("lyapunov: no Jacobian yet")
	}
	u := goom.FromReal(l.u, 1, l.d)
	v := goom.LMME(u, l.chain.Tensor())
	norm := goom.LogSumExp(goom.Mul(v, v).Reshape(l.d), 0).At(0).Log / 2
	if math.IsNaN(norm) || math.IsInf(norm, 1) {
		return 0, ErrNonFinite
	}
	return norm / (float64(l.steps) * l.dt), nil
}
