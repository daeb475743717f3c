package kernels

import (
	"math"

	"goomtrain/internal/simd"
)

// The backward half of DiagScan. The adjoint of step t needs a_{t+1}, so a piece's totals say what the
// adjoint just behind the piece, l_hi, makes of the one at its beginning: l_lo = product * l_hi + state.

// totalBackTask forms the totals of four pieces, last step first.
func (k *DiagScan[F]) totalBackTask(task int) {
	for i := 4 * task; i < 4*task+4; i++ {
		lo, hi := k.span(i)
		product, l := 1.0, F(0)
		end := (i/k.pieces + 1) * k.time
		for t := hi - 1; t >= lo; t-- {
			var a F // behind the last step of a channel there is nothing
			if t+1 < end {
				a = k.a[t+1]
			}
			product *= float64(a)
			l = k.dx[t] + a*l
		}
		k.product[i], k.state[i] = product, l
	}
}

// carryBack turns the totals into the adjoints behind the pieces.
func (k *DiagScan[F]) carryBack(channel int) {
	var l F
	end := (channel + 1) * k.time
	for i := (channel+1)*k.pieces - 1; i >= channel*k.pieces; i-- {
		behind := l
		if p := k.product[i]; math.Abs(p) < 1e300 {
			l = F(p*float64(l)) + k.state[i]
		} else {
			lo, hi := k.span(i)
			for t := hi - 1; t >= lo; t-- {
				if t+1 < end {
					l = k.dx[t] + k.a[t+1]*l
				} else {
					l = k.dx[t]
				}
			}
		}
		k.state[i] = behind
	}
}

// runBackTask runs four pieces from their carries.
func (k *DiagScan[F]) runBackTask(task int) {
	for i := 4 * task; i < 4*task+4; i++ {
		if lo, hi := k.span(i); lo < hi {
			k.reverse(i/k.pieces, lo, hi, k.state[i])
		}
	}
}

// channelsBackTask runs up to four channels.
func (k *DiagScan[F]) channelsBackTask(task int) {
	for c := 4 * task; c < min(4*task+4, k.outer); c++ {
		k.reverse(c, c*k.time, (c+1)*k.time, 0)
	}
}

// reverse writes the gradients of the steps [lo, hi) of a channel, l being the adjoint behind them.
func (k *DiagScan[F]) reverse(channel, lo, hi int, l F) {
	first, end := channel*k.time, (channel+1)*k.time
	a, dx, x, da, db := k.a[lo:hi], k.dx[lo:hi], k.x[lo:hi], k.da[lo:hi], k.db[lo:hi]
	var next F
	if hi < end {
		next = k.a[hi]
	}
	for t := len(a) - 1; t > 0; t-- {
		l = dx[t] + next*l
		next = a[t]
		db[t] = l
		da[t] = l * x[t-1]
	}
	l = dx[0] + next*l
	db[0] = l
	if lo > first {
		da[0] = l * k.x[lo-1]
		return
	}
	da[0] = l * k.x0[channel]
	if k.dx0 != nil {
		k.dx0[channel] = l * a[0]
	}
}

// columnsBackTask runs a block of channels that lie side by side, a row a step.
func (k *DiagScan[F]) columnsBackTask(task int) {
	row, lo, hi := k.block(task)
	at := func(x []F, t int) []F { return x[t*k.inner+lo : t*k.inner+hi] }
	first, last := row*k.time, (row+1)*k.time-1
	var l [diagColumns]F
	behind := l[:hi-lo]
	for t := last; t >= first; t-- {
		if t < last {
			simd.Mul(behind, behind, at(k.a, t+1))
		}
		simd.Add(behind, behind, at(k.dx, t))
		copy(at(k.db, t), behind)
		before := k.x0[row*k.inner+lo : row*k.inner+hi]
		if t > first {
			before = at(k.x, t-1)
		}
		simd.Mul(at(k.da, t), behind, before)
	}
	if k.dx0 != nil {
		simd.Mul(k.dx0[row*k.inner+lo:row*k.inner+hi], behind, at(k.a, first))
	}
}
