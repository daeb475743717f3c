package recurrence

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Kernel is the fast form, of one size. With m_t = max |mantissa of x_t| and exponents e_t of the state
// and f_t of its adjoint l_t, an adjoint is
//
//	l_t = e^2 dz_t / m_t * 2^-e_t + l_{t+1} A^T
//
// in the same block-scaled form.
type Kernel[F simd.Float] struct {
	batch, time, rows, width int // B, T, N, D

	largest  []F       // [B, T, N] largest mantissa of x_t
	exponent []int64   // [B, T, N]
	plain    []bool    // [B, T] all exponents are 0
	origin   *Carry[F] // x_0
	start    *Carry[F] // of the last Forward that was resumed
	resumed  bool      // the last Forward continued from a carry

	a, aT     []F   // [D, D] mantissas of A and of its transpose
	aExponent int64 // A = a * 2^aExponent
	group     int   // batch elements that one worker takes through time together
	scratch   []groupScratch[F]
	dA, dx0   []F // [B, D, D], [B, N, D]: summed over B in order

	z, u, dz, du     []F     // operands of the running call
	reset            []int32 // [B, T] or nil
	end              *Carry[F]
	last             *Carry[F]
	forward, reverse func(group int)

	partial[F]
}

// timeBlock is how many steps the backward pass adds to dA at a time: the adjoints of a block stay in
// the cache, and their sum is one matrix product.
const timeBlock = 64

// groupRows is the number of state rows from which on the product of a step with A runs at full speed. A
// batch makes at least two groups, so that two cores have work.
const groupRows = 32

// readout is the factor e^2 that scales every state.
const readout = math.E * math.E

// groupScratch is the memory of one group of G batch elements.
type groupScratch[F simd.Float] struct {
	state, product []F     // [G, N, D]
	exponent       []int64 // [G, N]
	plain          []bool  // [G] all exponents are 0
	adjoints       []F     // [G, timeBlock, N, D]
	top            []F     // [N] largest mantissa of the adjoints
	row            []F     // [D]
}

// New returns the kernel for B = batch sequences of T = time steps with N = rows hidden vectors of
// D = width numbers.
func New[F simd.Float](batch, time, rows, width int) *Kernel[F] {
	k := &Kernel[F]{batch: batch, time: time, rows: rows, width: width,
		largest: make([]F, batch*time*rows), exponent: make([]int64, batch*time*rows), plain: make([]bool, batch*time),
		origin: NewCarry[F](1, rows, width), start: NewCarry[F](batch, rows, width),
		a: make([]F, width*width), aT: make([]F, width*width)}
	k.forward, k.reverse = k.forwardGroup, k.reverseGroup
	return k
}

// Forward writes z. If carry is not nil the sequence continues from it, or from x_0 if the carry has not
// started, and the carry receives the last state. reset [B, T] may be nil: where it is not 0, the state before that step
// is x_0.
func (k *Kernel[F]) Forward(z, u, a, x0 []F, reset []int32, carry *Carry[F]) {
	k.setMatrix(a)
	k.setOrigin(x0)
	if k.resumed = carry != nil && carry.started[0] != 0; k.resumed {
		copy(k.start.mantissa, carry.mantissa)
		copy(k.start.exponent, carry.exponent)
	}
	k.z, k.u, k.reset, k.end = z, u, reset, carry
	simd.For(k.groups(), k.forward)
	if carry != nil {
		carry.started[0] = 1
	}
}

// Backward writes du, dA [D, D] and dx_0 [N, D]; z is what the last Forward wrote. last is the gradient of the last state,
// but for what its own output gives; nil stands for zero. A carry is detached: after a Forward that continued from one, dx_0
// has the gradients of the documents that began later.
func (k *Kernel[F]) Backward(du, dA, dx0, z, dz []F, last *Carry[F]) {
	d, n := k.width, k.rows
	if k.dA == nil {
		k.dA, k.dx0 = make([]F, k.batch*d*d), make([]F, k.batch*n*d)
	}
	for i := range d {
		for j := range d {
			k.aT[j*d+i] = k.a[i*d+j]
		}
	}
	k.z, k.dz, k.du, k.last = z, dz, du, last
	simd.For(k.groups(), k.reverse)
	workspace.Sum(dA, k.dA)
	workspace.Sum(dx0, k.dx0)
}

// setMatrix keeps A as mantissas of moderate size and an exponent, which is 0 for every usual A.
func (k *Kernel[F]) setMatrix(a []F) {
	copy(k.a, a)
	k.aExponent = normalize(k.a)
}

// setOrigin keeps x_0 as mantissas and exponents.
func (k *Kernel[F]) setOrigin(x0 []F) {
	copy(k.origin.mantissa, x0)
	for n := range k.rows {
		k.origin.exponent[n] = normalize(k.origin.mantissa[n*k.width : (n+1)*k.width])
	}
}

// begins reports whether batch element b is at x_0 before step t.
func (k *Kernel[F]) begins(b, t int) bool {
	return t == 0 && !k.resumed || k.reset != nil && k.reset[b*k.time+t] != 0
}

// enters reports whether step t of batch element b follows no state that this call has made, and returns the mantissas
// and exponents [N] of the state before it.
func (k *Kernel[F]) enters(b, t int) (mantissa []F, exponent []int64, enters bool) {
	if k.begins(b, t) {
		return k.origin.mantissa, k.origin.exponent, true
	}
	if t == 0 {
		n, d := k.rows, k.width
		return k.start.mantissa[b*n*d:][:n*d], k.start.exponent[b*n:][:n], true
	}
	return nil, nil, false
}

// groups decides how many batch elements go through time together and returns the number of groups. It
// depends on the sizes alone, not on the number of threads, because a product of few rows may round
// differently from one of many.
func (k *Kernel[F]) groups() int {
	group := max(1, min(simd.Pieces(k.batch, 2), simd.Pieces(groupRows, k.rows)))
	if group != k.group {
		k.group = group
		k.scratch = make([]groupScratch[F], simd.Pieces(k.batch, group))
		for i := range k.scratch {
			k.scratch[i] = groupScratch[F]{state: make([]F, group*k.rows*k.width),
				product: make([]F, group*k.rows*k.width), exponent: make([]int64, group*k.rows), plain: make([]bool, group)}
		}
	}
	return len(k.scratch)
}
