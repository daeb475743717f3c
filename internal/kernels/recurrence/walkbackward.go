package recurrence

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// beginReverse prepares a pass back through what the last pass forward has made; runReverse takes it through time and
// endReverse completes it. z is what the pass forward wrote.
func (k *walk[F]) beginReverse(du, z, dz []F) {
	k.z, k.dz, k.du = z, dz, du
	if k.dx0 == nil {
		k.dx0 = workspace.Make[F](k.Batch * k.states() * k.Width)
	}
	clear(k.dx0)
	for i := range k.tasks {
		s := &k.tasks[i]
		clear(s.product)
		clear(s.exponent)
		if k.last != nil {
			first := k.stateRow(s)
			copy(s.product, k.last.mantissa[first*k.Width:])
			copy(s.exponent, k.last.exponent[first:])
		}
	}
}

// runReverse takes all tasks back through steps [from, to).
func (k *walk[F]) runReverse(from, to int) {
	k.from, k.to = from, to
	simd.For(len(k.tasks), k.reverse)
}

// endReverse writes dx_0 [N, D].
func (k *walk[F]) endReverse(dx0 []F) {
	workspace.Sum(dx0, k.dx0)
	if k.first == nil {
		return
	}
	for i := range k.tasks {
		s := &k.tasks[i]
		first := k.stateRow(s)
		copy(k.first.mantissa[first*k.Width:], s.product)
		copy(k.first.exponent[first:], s.exponent)
	}
}

// between makes later passes back begin with the gradient last of the last state, without what its own output gives, and
// write to first that of the state that the sequences continued from. nil: they begin with zeros, and write none.
func (k *walk[F]) between(last, first *Carry[F]) { k.last, k.first = last, first }

func (k *walk[F]) reverseTask(i int) {
	s := &k.tasks[i]
	for t := k.to - 1; t >= k.from; t-- {
		k.adjoints(s, t)
		k.transition.gradient(s, t, k.before(s, t))
		for r := range s.exponent {
			s.exponent[r] += k.transition.exponent(s, t, s.head+r/k.Rows)
		}
		if k.begins(s, t) || t == 0 && !k.resumed {
			k.toOrigin(s)
		}
	}
}

// adjoints makes l_t in s.state and its largest mantissas in s.top from l_{t+1} A^T in s.product, and du.
func (k *walk[F]) adjoints(s *task[F], t int) {
	d, at := k.Width, k.row(s, t)
	dz, du := k.dz[at*d:][:len(s.state)], k.du[at*d:][:len(s.state)]
	for r, f := range s.exponent {
		s.factor[r], s.safe[r] = aligned(k.readoutFactor(at+r), -k.exponent[at+r]-f, dz[r*d:(r+1)*d])
	}
	simd.AddRows(s.state, s.top, s.product, dz, s.factor)
	for r, m := range s.top {
		row := s.state[r*d : (r+1)*d]
		if !s.safe[r] || !(m >= smallestScale && m <= largestScale) {
			m, s.exponent[r] = addScaled(row, s.product[r*d:(r+1)*d], s.exponent[r], k.readoutFactor(at+r), dz[r*d:(r+1)*d], -k.exponent[at+r])
		}
		s.top[r] = m
		s.factor[r], s.safe[r] = power(1, s.exponent[r], m)
	}
	simd.ScaleRows(du, s.state, s.factor)
	for r, safe := range s.safe {
		if !safe {
			scaledRow(du[r*d:(r+1)*d], s.state[r*d:(r+1)*d], s.exponent[r])
		}
	}
}

// readoutFactor is e^2 / max |x| of a row without its exponent, 0 for a row of zeros.
func (k *walk[F]) readoutFactor(row int) F {
	if k.largest[row] == 0 {
		return 0
	}
	return readout / k.largest[row]
}

// toOrigin adds the gradient that has arrived at x_0, s.product, to dx_0; none goes further back.
func (k *walk[F]) toOrigin(s *task[F]) {
	d, first := k.Width, k.stateRow(s)
	for r, e := range s.exponent {
		row := s.product[r*d : (r+1)*d]
		scaledRow(row, row, e)
		simd.Add(k.dx0[(first+r)*d:(first+r+1)*d], k.dx0[(first+r)*d:(first+r+1)*d], row)
	}
	clear(s.product)
	clear(s.exponent)
}
