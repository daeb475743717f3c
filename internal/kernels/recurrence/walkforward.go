package recurrence

import "goomtrain/internal/simd"

// begin prepares a pass forward, which run takes through time and end completes. reset is nil or [B, T].
func (k *walk[F]) begin(z, u, x0 []F, reset []int32, carry *Carry[F]) {
	k.z, k.u, k.reset = z, u, reset
	d := k.Width
	copy(k.origin.mantissa, x0)
	for n := range k.states() {
		k.origin.exponent[n] = normalize(k.origin.mantissa[n*d : (n+1)*d])
	}
	k.resumed = carry != nil && carry.started[0] != 0
	if k.resumed {
		copy(k.start.mantissa, carry.mantissa)
		copy(k.start.exponent, carry.exponent)
	}
	for i := range k.tasks {
		s := &k.tasks[i]
		first := k.before(s, 0)
		copy(s.state, first.rows)
		copy(s.exponent, first.exponent)
	}
}

// run takes all tasks through steps [from, to).
func (k *walk[F]) run(from, to int) {
	k.from, k.to = from, to
	simd.For(len(k.tasks), k.forward)
}

// end gives the last state to the carry, if there is one.
func (k *walk[F]) end(carry *Carry[F]) {
	if carry == nil {
		return
	}
	for i := range k.tasks {
		s := &k.tasks[i]
		first := k.stateRow(s)
		copy(carry.mantissa[first*k.Width:], s.state)
		copy(carry.exponent[first:], s.exponent)
	}
	carry.started[0] = 1
}

func (k *walk[F]) forwardTask(i int) {
	s := &k.tasks[i]
	for t := k.from; t < k.to; t++ {
		if t > 0 && k.begins(s, t) {
			first := k.before(s, t)
			copy(s.state, first.rows)
			copy(s.exponent, first.exponent)
		}
		k.forwardStep(s, t)
	}
}

// forwardStep makes the states of step t from those before it.
func (k *walk[F]) forwardStep(s *task[F], t int) {
	d, at := k.Width, k.row(s, t)
	u, largest, exponent := k.u[at*d:][:len(s.state)], k.largest[at:][:len(s.top)], k.exponent[at:][:len(s.top)]
	k.transition.apply(s, t)
	for r, e := range s.exponent {
		e += k.transition.exponent(s, t, s.head+r/k.Rows)
		exponent[r] = e
		s.factor[r], s.safe[r] = aligned(1, -e, u[r*d:(r+1)*d])
	}
	simd.AddRows(s.next, largest, s.product, u, s.factor)
	for r, m := range largest {
		if !s.safe[r] || !(m >= smallestScale && m <= largestScale) {
			m, exponent[r] = k.redo(s, t, r, exponent[r], u[r*d:(r+1)*d])
			largest[r] = m
		}
		s.factor[r] = 0
		if m != 0 {
			s.factor[r] = readout / m
		}
	}
	copy(s.exponent, exponent)
	simd.ScaleRows(k.z[at*d:][:len(s.next)], s.next, s.factor)
	s.state, s.next = s.next, s.state
}

// redo makes row r of the next state exactly: its product, whose exponent is e, and u.
func (k *walk[F]) redo(s *task[F], t, r int, e int64, u []F) (largest F, exponent int64) {
	d := k.Width
	product := s.product[r*d : (r+1)*d]
	if x := s.state[r*d : (r+1)*d]; !harmless(simd.MaxAbs(product)) && simd.MaxAbs(x) != 0 {
		e += k.transition.exact(product, x, s, t, s.head+r/k.Rows)
	}
	return addScaled(s.next[r*d:(r+1)*d], product, e, 1, u, 0)
}
