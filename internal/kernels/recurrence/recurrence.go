package recurrence

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// Kernel is the non-diagonal linear recurrence of a GOOM SSM (arXiv 2510.03426) with its states
// read out by their direction:
//
//	x_t = x_{t-1} A + u_t        z_t = e^2 * x_t / max_j |x_tj|        each of the N rows on its own
//
//	A [D, D]   x_0 [N, D]   u, z [B, T, N, D]
//
// The maximum is detached: no gradient flows through it. A row of zeros gives z = 0. States may leave
// the float range by any factor, up or down: a row is kept as mantissas and an int64 exponent.
//
// Gradient, with m_t = max |mantissa of x_t| and exponents e_t of the state and f_t of its adjoint l_t:
//
//	l_t   = e^2 dz_t / m_t * 2^-e_t + l_{t+1} A^T              l_{T+1} = 0
//	du_t  = l_t    dA = sum over b, t, rows of x_{t-1}^T l_t    dx_0 = sum over b of l_1 A^T
//
// Where du leaves the float range it saturates at 2^100 (float32) or 2^1000 (float64).
type Kernel[F simd.Float] struct {
	batch, time, rows, width int // B, T, N, D

	largest  []F     // [B, T, N] largest mantissa of x_t
	exponent []int64 // [B, T, N]
	plain    []bool  // [B, T] all exponents are 0
	start    *Carry[F]
	resumed  bool // the last Forward went on from a carry

	a, at     []F   // [D, D] mantissas of A and of its transpose
	aExponent int64 // A = a * 2^aExponent
	group     int   // batch elements that one worker takes through time together
	scratch   []groupScratch[F]
	dA, dx0   []F // [B, D, D], [B, N, D]: summed over B in order

	z, u, dz, du     []F // operands of the running call
	end              *Carry[F]
	forward, reverse func(group int)
}

// A Carry is the state of a recurrence between two stretches of one sequence, block-scaled.
type Carry[F simd.Float] struct {
	mantissa []F      // [B, N, D]
	exponent []int64  // [B, N]
	started  [1]uint8 // 0: the next stretch begins at x_0
	shape    [3]int
}

// NewCarry returns the carry of a sequence not begun.
func NewCarry[F simd.Float](batch, rows, width int) *Carry[F] {
	return &Carry[F]{mantissa: make([]F, batch*rows*width), exponent: make([]int64, batch*rows), shape: [3]int{batch, rows, width}}
}

// Reset makes the next stretch begin at x_0.
func (c *Carry[F]) Reset() { c.started[0] = 0 }

// Arrays is the whole state, sharing its memory, under names that begin with prefix.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{
		{Name: prefix + "mantissa", Shape: c.shape[:], Data: c.mantissa},
		{Name: prefix + "exponent", Shape: c.shape[:2], Data: c.exponent},
		{Name: prefix + "started", Shape: []int{1}, Data: c.started[:]},
	}
}

// timeBlock is the number of steps after which the backward pass adds a block to dA: a block's
// adjoints stay in the cache, and its sum is one matrix product.
const timeBlock = 64

// groupRows is the number of state rows from which a step's product with A runs at speed; a batch makes
// at least two groups, so that two cores have work.
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
}

// New returns the kernel for N = rows hidden vectors of that width.
func New[F simd.Float](batch, time, rows, width int) *Kernel[F] {
	k := &Kernel[F]{batch: batch, time: time, rows: rows, width: width,
		largest: make([]F, batch*time*rows), exponent: make([]int64, batch*time*rows), plain: make([]bool, batch*time),
		start: NewCarry[F](batch, rows, width),
		a:     make([]F, width*width), at: make([]F, width*width)}
	k.forward, k.reverse = k.forwardGroup, k.reverseGroup
	return k
}

// Forward writes z. If carry is not nil the sequence goes on from it (from x_0 when it has not
// started), and it receives the last state.
func (k *Kernel[F]) Forward(z, u, a, x0 []F, carry *Carry[F]) {
	k.setMatrix(a)
	resumed := carry != nil && carry.started[0] != 0
	if resumed {
		copy(k.start.mantissa, carry.mantissa)
		copy(k.start.exponent, carry.exponent)
	} else {
		k.startAt(x0)
	}
	k.resumed = resumed
	k.z, k.u, k.end = z, u, carry
	simd.For(k.groups(), k.forward)
	if carry != nil {
		carry.started[0] = 1
	}
}

// Backward writes du, dA [D, D] and dx_0 [N, D] from z of the last Forward. After a Forward that went
// on from a carry, dx_0 is zero: the carry is detached.
func (k *Kernel[F]) Backward(du, dA, dx0, z, dz []F) {
	d, n := k.width, k.rows
	if k.dA == nil {
		k.dA, k.dx0 = make([]F, k.batch*d*d), make([]F, k.batch*n*d)
	}
	for i := range d {
		for j := range d {
			k.at[j*d+i] = k.a[i*d+j]
		}
	}
	k.z, k.dz, k.du = z, dz, du
	simd.For(k.groups(), k.reverse)
	workspace.Sum(dA, k.dA)
	if k.resumed {
		clear(dx0)
	} else {
		workspace.Sum(dx0, k.dx0)
	}
}

// setMatrix keeps A as mantissas of moderate size and an exponent, which is 0 for every usual A.
func (k *Kernel[F]) setMatrix(a []F) {
	copy(k.a, a)
	k.aExponent = normalise(k.a)
}

// startAt sets the first state of every batch element to x_0.
func (k *Kernel[F]) startAt(x0 []F) {
	for b := range k.batch {
		for n := range k.rows {
			row := k.start.mantissa[(b*k.rows+n)*k.width : (b*k.rows+n+1)*k.width]
			copy(row, x0[n*k.width:(n+1)*k.width])
			k.start.exponent[b*k.rows+n] = normalise(row)
		}
	}
}

// groups fixes how many batch elements go through time together and returns the number of groups. It
// depends on the sizes alone, not on the number of threads: a product of few rows may round otherwise
// than one of many.
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

// forwardGroup takes the batch elements of one group through time.
func (k *Kernel[F]) forwardGroup(group int) {
	s, d, n := &k.scratch[group], k.width, k.rows
	b0, b1 := group*k.group, min((group+1)*k.group, k.batch)
	rows := (b1 - b0) * n
	copy(s.state, k.start.mantissa[b0*n*d:b1*n*d])
	copy(s.exponent, k.start.exponent[b0*n:b1*n])
	for i := range b1 - b0 {
		s.plain[i] = zeros(s.exponent[i*n:][:n])
	}
	for t := range k.time {
		simd.GemmSerial(false, false, rows, d, d, 1, s.state, d, k.a, d, 0, s.product, d)
		for b := b0; b < b1; b++ {
			k.forwardStep(s, b, b-b0, t)
		}
	}
	if k.end != nil {
		copy(k.end.mantissa[b0*n*d:], s.state[:rows*d])
		copy(k.end.exponent[b0*n:], s.exponent[:rows])
	}
}

// forwardStep makes the states of batch element b, the i-th of its group, at time t from their products
// with A: all rows at once as long as no row needs an exponent, which is the usual case.
func (k *Kernel[F]) forwardStep(s *groupScratch[F], b, i, t int) {
	d, n := k.width, k.rows
	first, at := i*n, (b*k.time+t)*n // rows of the group's states, and of u and z
	plain := s.plain[i] && k.aExponent == 0
	if plain {
		largest := k.largest[at:][:n]
		simd.StateRows(k.z[at*d:][:n*d], s.state[first*d:][:n*d], largest, s.product[first*d:][:n*d], k.u[at*d:][:n*d], readout)
		clear(k.exponent[at:][:n])
		plain = ordinary(largest)
	}
	if !plain {
		for r := range n {
			k.forwardRow(s, first+r, at+r)
		}
		s.plain[i] = zeros(s.exponent[first:][:n])
	}
	k.plain[b*k.time+t] = s.plain[i]
}

// forwardRow makes row r of the group's states, which is row at of u and z.
func (k *Kernel[F]) forwardRow(s *groupScratch[F], r, at int) {
	d := k.width
	state, z := s.state[r*d:(r+1)*d], k.z[at*d:(at+1)*d]
	largest, e := addScaled(state, s.product[r*d:(r+1)*d], s.exponent[r]+k.aExponent, 1, k.u[at*d:(at+1)*d], 0)
	s.exponent[r], k.exponent[at], k.largest[at] = e, e, largest
	if largest == 0 {
		clear(z)
	} else {
		simd.Scale(z, readout/largest, state)
	}
}

// reverseGroup takes the adjoints of one group back through time.
func (k *Kernel[F]) reverseGroup(group int) {
	s, d, n := &k.scratch[group], k.width, k.rows
	b0, b1 := group*k.group, min((group+1)*k.group, k.batch)
	rows := (b1 - b0) * n
	if s.adjoints == nil {
		s.adjoints, s.top = make([]F, k.group*timeBlock*n*d), make([]F, n)
	}
	clear(s.product[:rows*d])
	clear(s.exponent)
	for i := range s.plain {
		s.plain[i] = true
	}
	clear(k.dA[b0*d*d : b1*d*d])
	for t := k.time - 1; t >= 0; t-- {
		for b := b0; b < b1; b++ {
			k.reverseStep(s, b, b-b0, t)
		}
		simd.GemmSerial(false, false, rows, d, d, 1, s.state, d, k.at, d, 0, s.product, d)
		if t%timeBlock == 0 {
			for b := b0; b < b1; b++ {
				k.addToMatrix(s, b, b-b0, t)
			}
		}
	}
	for r := range rows {
		saturated(k.dx0[(b0*n+r)*d:(b0*n+r+1)*d], s.product[r*d:(r+1)*d], s.exponent[r]+k.aExponent)
	}
}

// reverseStep makes the adjoints of batch element b, the i-th of its group, at time t from their
// products with A^T; forwardStep says how.
func (k *Kernel[F]) reverseStep(s *groupScratch[F], b, i, t int) {
	d, n, step := k.width, k.rows, b*k.time+t
	first, at := i*n, step*n
	plain := s.plain[i] && k.aExponent == 0 && k.plain[step] && t > 0 && k.plain[step-1]
	if plain {
		kept := s.adjoints[(i*timeBlock+t%timeBlock)*n*d:][:n*d]
		simd.AdjointRows(s.state[first*d:][:n*d], k.du[at*d:][:n*d], kept, s.top, s.product[first*d:][:n*d], k.dz[at*d:][:n*d],
			k.largest[at:][:n], k.largest[at-n:][:n], readout)
		plain = ordinary(s.top)
	}
	if !plain {
		for r := range n {
			k.reverseRow(s, b, t, first+r, at+r)
		}
		s.plain[i] = zeros(s.exponent[first:][:n])
	}
}

// reverseRow makes row r of the group's adjoints, which is row at of du and dz.
func (k *Kernel[F]) reverseRow(s *groupScratch[F], b, t, r, at int) {
	d := k.width
	adjoint := s.state[r*d : (r+1)*d]
	var c F
	if k.largest[at] != 0 {
		c = readout / k.largest[at]
	}
	_, f := addScaled(adjoint, s.product[r*d:(r+1)*d], s.exponent[r]+k.aExponent, c, k.dz[at*d:(at+1)*d], -k.exponent[at])
	s.exponent[r] = f
	saturated(k.du[at*d:(at+1)*d], adjoint, f)
	k.keepForMatrix(s, b, t, r, f)
}

// keepForMatrix stores the adjoint of state row r at time t for dA, multiplied by the scale of the
// state before it, so that the row of z (or of the start) before it can stand for that state:
// x_{t-1} = z_{t-1} * m_{t-1}/e^2 * 2^e_{t-1}.
func (k *Kernel[F]) keepForMatrix(s *groupScratch[F], b, t, r int, f int64) {
	d, n := k.width, k.rows
	to := ((r/n)*timeBlock+t%timeBlock)*n + r%n
	dst, adjoint := s.adjoints[to*d:(to+1)*d], s.state[r*d:(r+1)*d]
	if t == 0 {
		saturated(dst, adjoint, f+k.start.exponent[b*n+r%n])
		return
	}
	before := (b*k.time+t-1)*n + r%n
	if e := f + k.exponent[before]; e == 0 {
		simd.Scale(dst, k.largest[before]/readout, adjoint)
	} else {
		saturated(dst, adjoint, e)
		simd.Scale(dst, k.largest[before]/readout, dst)
	}
}

// addToMatrix adds the block of steps that begins at time t0 to dA of batch element b, the i-th of
// its group.
func (k *Kernel[F]) addToMatrix(s *groupScratch[F], b, i, t0 int) {
	d, n := k.width, k.rows
	dA := k.dA[b*d*d : (b+1)*d*d]
	adjoints := s.adjoints[i*timeBlock*n*d:]
	steps := min(timeBlock, k.time-t0)
	if t0 == 0 {
		simd.GemmSerial(true, false, d, d, n, 1, k.start.mantissa[b*n*d:], d, adjoints, d, 1, dA, d)
		adjoints, t0, steps = adjoints[n*d:], 1, steps-1
	}
	if steps > 0 {
		simd.GemmSerial(true, false, d, d, steps*n, 1, k.z[(b*k.time+t0-1)*n*d:], d, adjoints, d, 1, dA, d)
	}
}
