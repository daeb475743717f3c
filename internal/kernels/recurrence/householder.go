package recurrence

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Householder is the recurrence with A_t = gamma_t H_1 .. H_n of each head, H_j = I - beta_j k_j^T k_j / (k_j . k_j),
// which is I where k_j = 0. k is [B, T, H, n, D] and beta [B, T, H, n]. The logarithms of the gates gamma [B, T, H] may
// be any numbers; that of a gate of 0 is -Inf.
type Householder[F simd.Float] struct {
	walk  *walk[F]
	count int // n

	gate  []F     // [B, T, H] mantissas of the gates
	shift []int64 // [B, T, H] their exponents
	norms []F     // [B, T, H, n] k . k
	work  []F     // [tasks, ReflectWork]

	k, beta, logGate    []F // operands of the running call
	dk, dBeta, dLogGate []F
	split               func(lo, hi int)
}

// NewHouseholder returns the kernel for one size and n = count reflections a step.
func NewHouseholder[F simd.Float](size Size, count int) *Householder[F] {
	size.check()
	heads := size.Batch * size.Time * size.Heads
	h := &Householder[F]{count: count, gate: workspace.Make[F](heads), shift: make([]int64, heads), norms: workspace.Make[F](heads * count)}
	h.walk = newWalk(size, transition[F](h), exactWork(count, size.Width))
	h.split = h.splitGates
	return h
}

// Forward writes z as that of Full does, from k, beta and logGate. logGate may be nil: then gates are 1.
func (h *Householder[F]) Forward(z, u, k, beta, logGate, x0 []F, reset []int32, carry *Carry[F]) {
	h.k, h.beta, h.logGate = k, beta, logGate
	simd.ForRange(len(h.gate), gateGrain, h.split)
	h.walk.begin(z, u, x0, reset, carry)
	h.walk.run(0, h.walk.Time)
	h.walk.end(carry)
}

// Between is that of Full.
func (h *Householder[F]) Between(last, first *Carry[F]) { h.walk.between(last, first) }

// Backward writes du, dk, dBeta, dLogGate and dx_0 as that of Full does. dLogGate is nil if logGate was.
func (h *Householder[F]) Backward(du, dk, dBeta, dLogGate, dx0, k, beta, z, dz []F) {
	if h.work == nil {
		h.work = workspace.Make[F](len(h.walk.tasks) * simd.ReflectWork(h.count, h.walk.Width))
	}
	if dLogGate == nil {
		if h.dLogGate == nil {
			h.dLogGate = workspace.Make[F](len(h.gate))
		}
		dLogGate = h.dLogGate
	}
	h.k, h.beta, h.dk, h.dBeta, h.dLogGate = k, beta, dk, dBeta, dLogGate
	h.walk.beginReverse(du, z, dz)
	h.walk.runReverse(0, h.walk.Time)
	h.walk.endReverse(dx0)
}

// gateGrain is how many gates a goroutine takes at a time.
const gateGrain = 1 << 10

// ordinaryGate is the largest magnitude of the logarithm of a gate whose exponent is not taken out, and extremeGate of
// one that is told from 0 or infinity.
const (
	ordinaryGate = 5
	extremeGate  = 1 << 40
)

// splitGates makes mantissas and exponents of gates [lo, hi).
func (h *Householder[F]) splitGates(lo, hi int) {
	for i := lo; i < hi; i++ {
		if h.logGate == nil {
			h.gate[i], h.shift[i] = 1, 0
		} else {
			h.gate[i], h.shift[i] = splitExp[F](float64(h.logGate[i]))
		}
	}
}

// splitExp returns e^x as a mantissa and an exponent.
func splitExp[F simd.Float](x float64) (m F, e int64) {
	if math.Abs(x) <= ordinaryGate || math.IsInf(x, 0) || math.IsNaN(x) {
		return F(math.Exp(x)), 0
	}
	const high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10 // ln 2; k*high is exact for |k| < 2^20
	k := math.RoundToEven(max(-extremeGate, min(extremeGate, x)) / math.Ln2)
	return F(math.Exp(max(-1, min(1, x-k*high-k*low)))), int64(k)
}

// heads is a step of a task as the kernels of package simd take it.
type heads[F simd.Float] struct{ k, beta, norms, gate []F }

// at returns the index of a head at step t in arrays [B, T, H].
func (h *Householder[F]) at(s *task[F], t, head int) int {
	return (s.sequence*h.walk.Time+t)*h.walk.Heads + head
}

// operands returns heads [first, first+n) of the arrays of keys, factors, norms and gates.
func (h *Householder[F]) operands(k, beta, norms, gate []F, first, n int) heads[F] {
	lo, hi := first*h.count, (first+n)*h.count
	return heads[F]{k[lo*h.walk.Width : hi*h.walk.Width], beta[lo:hi], norms[lo:hi], gate[first : first+n]}
}

func (h *Householder[F]) exponent(s *task[F], t, head int) int64 { return h.shift[h.at(s, t, head)] }

func (h *Householder[F]) apply(s *task[F], t int) {
	d, rows := h.walk.Width, h.walk.Rows
	o := h.operands(h.k, h.beta, h.norms, h.gate, h.at(s, t, s.head), s.heads)
	simd.ReflectHeads(s.product, o.norms, s.state, o.k, o.beta, o.gate, d)
	for i := range s.heads {
		if h.ordinary(s, t, s.head+i) {
			continue
		}
		for r := i * rows; r < (i+1)*rows; r++ {
			s.exponent[r] += h.exact(s.product[r*d:(r+1)*d], s.state[r*d:(r+1)*d], s, t, s.head+i)
		}
	}
}

// ordinary reports whether the squares of a head's keys have neither overflowed nor lost digits, and gradients divided by
// them have floats. Keys of zeros are ordinary.
func (h *Householder[F]) ordinary(s *task[F], t, head int) bool {
	first := h.at(s, t, head) * h.count
	for j, norm := range h.norms[first : first+h.count] {
		if !(norm >= 1.0/(1<<20) && norm <= 1<<80 || norm == 0 && simd.MaxAbs(h.key(first+j)) == 0) {
			return false
		}
	}
	return true
}

// key returns the i-th key of all.
func (h *Householder[F]) key(i int) []F { return h.k[i*h.walk.Width : (i+1)*h.walk.Width] }

func (h *Householder[F]) gradient(s *task[F], t int, before past[F]) {
	d, rows, safe := h.walk.Width, h.walk.Rows, true
	for r := range s.factor {
		head := s.head + r/rows
		s.factor[r], s.safe[r] = power(before.scale(r), before.exponent[r]+h.exponent(s, t, head)+s.exponent[r], s.top[r])
		if r%rows == 0 {
			s.safe[r] = s.safe[r] && h.ordinary(s, t, head)
		}
		safe = safe && s.safe[r]
	}
	if safe {
		h.reflect(s, t, before, 0, s.heads)
	}
	for i := range s.heads {
		lo, hi := i*rows, (i+1)*rows
		if !safe && all(s.safe[lo:hi]) {
			h.reflect(s, t, before, i, 1)
		}
		for r := lo; r < hi; r++ {
			if !s.safe[r] || !harmless(s.top[r]) && simd.MaxAbs(s.state[r*d:(r+1)*d]) != 0 {
				h.exactGradient(s, t, before, i)
				break
			}
		}
	}
}

func all(x []bool) bool {
	for _, v := range x {
		if !v {
			return false
		}
	}
	return true
}

// reflect writes the gradients of n heads of a task from its i-th on, at full speed; s.factor are the weights of the
// rows before.
func (h *Householder[F]) reflect(s *task[F], t int, before past[F], i, n int) {
	d, first := h.walk.Width, h.at(s, t, s.head+i)
	lo, hi := i*h.walk.Rows, (i+n)*h.walk.Rows
	o := h.operands(h.k, h.beta, h.norms, h.gate, first, n)
	to := h.operands(h.dk, h.dBeta, h.norms, h.dLogGate, first, n)
	size := simd.ReflectWork(h.count, d)
	work := h.work[s.index*size:][:size]
	simd.ReflectHeadsBackward(simd.ReflectionGrads[F]{X: s.product[lo*d : hi*d], Top: s.top[lo:hi], K: to.k, Beta: to.beta, LogGate: to.gate},
		before.rows[lo*d:hi*d], s.factor[lo:hi], o.k, o.beta, o.norms, o.gate, s.state[lo*d:hi*d], work, d)
}
