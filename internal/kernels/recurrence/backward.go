package recurrence

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// reverseGroup takes the adjoints of one group back through time.
func (k *Kernel[F]) reverseGroup(group int) {
	s, d, n := &k.scratch[group], k.width, k.rows
	b0, b1 := group*k.group, min((group+1)*k.group, k.batch)
	rows := (b1 - b0) * n
	if s.adjoints == nil {
		s.adjoints, s.top, s.row = make([]F, k.group*timeBlock*n*d), make([]F, n), make([]F, d)
	}
	k.arrive(s, b0, b1)
	clear(k.dA[b0*d*d : b1*d*d])
	clear(k.dx0[b0*n*d : b1*n*d])
	for t := k.time - 1; t >= 0; t-- {
		for b := b0; b < b1; b++ {
			k.reverseStep(s, b, b-b0, t)
		}
		matmul.Serial(false, false, rows, d, d, 1, s.state, d, k.aT, d, 0, s.product, d)
		for b := b0; b < b1; b++ {
			if k.begins(b, t) {
				k.toOrigin(s, b, b-b0)
			}
			if t%timeBlock == 0 {
				k.addToMatrix(s, b, b-b0, t)
			}
		}
	}
}

// arrive sets the products with A^T that arrive at the last states of batch elements b0 to b1.
func (k *Kernel[F]) arrive(s *groupScratch[F], b0, b1 int) {
	d, n := k.width, k.rows
	clear(s.product[:(b1-b0)*n*d])
	clear(s.exponent)
	if k.last != nil {
		copy(s.product, k.last.mantissa[b0*n*d:b1*n*d])
		for i, e := range k.last.exponent[b0*n : b1*n] {
			s.exponent[i] = e - k.aExponent // see reverseRow
		}
	}
	for i := range b1 - b0 {
		s.plain[i] = zeros(s.exponent[i*n:][:n])
	}
}

// toOrigin adds the gradient of batch element b, the i-th of its group, that has arrived at x_0 to dx_0. None goes
// further back.
func (k *Kernel[F]) toOrigin(s *groupScratch[F], b, i int) {
	d, n := k.width, k.rows
	for r := range n {
		product, dx0 := s.product[(i*n+r)*d:][:d], k.dx0[(b*n+r)*d:][:d]
		saturated(s.row, product, s.exponent[i*n+r]+k.aExponent)
		simd.Add(dx0, dx0, s.row)
		clear(product)
		s.exponent[i*n+r] = 0
	}
	s.plain[i] = true
}

// reverseStep makes the adjoints of batch element b, the i-th of its group, at time t from their
// products with A^T. As in forwardStep, all rows at once if no row needs an exponent.
func (k *Kernel[F]) reverseStep(s *groupScratch[F], b, i, t int) {
	d, n, step := k.width, k.rows, b*k.time+t
	first, at := i*n, step*n
	_, _, enters := k.enters(b, t)
	plain := s.plain[i] && k.aExponent == 0 && k.plain[step] && !enters && k.plain[step-1]
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
// state before it, so that the row of z before it can stand for that state:
// x_{t-1} = z_{t-1} * m_{t-1}/e^2 * 2^e_{t-1}. Where a document begins, x_0 is before it: the product with that is added to dA at once.
func (k *Kernel[F]) keepForMatrix(s *groupScratch[F], b, t, r int, f int64) {
	d, n := k.width, k.rows
	to := ((r/n)*timeBlock+t%timeBlock)*n + r%n
	dst, adjoint := s.adjoints[to*d:(to+1)*d], s.state[r*d:(r+1)*d]
	if mantissa, exponent, enters := k.enters(b, t); enters {
		if t == 0 { // see addToMatrix
			saturated(dst, adjoint, f+exponent[r%n])
			return
		}
		saturated(s.row, adjoint, f+exponent[r%n])
		matmul.Serial(true, false, d, d, 1, 1, mantissa[r%n*d:], d, s.row, d, 1, k.dA[b*d*d:(b+1)*d*d], d)
		clear(dst)
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
		mantissa, _, _ := k.enters(b, 0)
		matmul.Serial(true, false, d, d, n, 1, mantissa, d, adjoints, d, 1, dA, d)
		adjoints, t0, steps = adjoints[n*d:], 1, steps-1
	}
	if steps > 0 {
		matmul.Serial(true, false, d, d, steps*n, 1, k.z[(b*k.time+t0-1)*n*d:], d, adjoints, d, 1, dA, d)
	}
}
