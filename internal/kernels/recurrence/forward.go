package recurrence

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// forwardGroup takes the batch elements of one group through time.
func (k *Kernel[F]) forwardGroup(group int) {
	s, d, n := &k.scratch[group], k.width, k.rows
	b0, b1 := group*k.group, min((group+1)*k.group, k.batch)
	rows := (b1 - b0) * n
	for t := range k.time {
		for i := range b1 - b0 {
			if mantissa, exponent, enters := k.enters(b0+i, t); enters {
				copy(s.state[i*n*d:], mantissa)
				copy(s.exponent[i*n:], exponent)
				s.plain[i] = zeros(exponent)
			}
		}
		if k.end != nil && k.time == 1 { // a token of streams, which must not depend on their number
			matmul.Rows(false, rows, d, d, s.state, d, k.a, d, nil, 0, nil, s.product, d)
		} else {
			matmul.Serial(false, false, rows, d, d, 1, s.state, d, k.a, d, 0, s.product, d)
		}
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
