package scan

import (
	"math"

	"goomtrain/internal/simd"
)

// The backward half of Diag. The adjoint of step t needs a_{t+1}, so the totals of a piece [lo, hi) give
// its first adjoint from the one just behind it: l_lo = product * l_hi + state.

// totalBackTask forms the totals of four pieces, last step first.
func (k *Diag[F]) totalBackTask(task int) {
	i := 4 * task
	lo, _ := k.span(i)
	if last, hi := k.span(i + 3); hi-last == k.length && hi < (i/k.pieces+1)*k.time {
		n := k.length // a is read one step ahead of dx
		totalsBack4(k.product[i:i+4], k.state[i:i+4], k.a[lo+1:hi+1], k.dx[lo:hi], n)
		return
	}
	for ; i < 4*task+4; i++ {
		lo, hi := k.span(i)
		product, l := 1.0, F(0)
		end := (i/k.pieces + 1) * k.time
		for t := hi - 1; t >= lo; t-- {
			var a F // stays 0 behind the last step of a channel
			if t+1 < end {
				a = k.a[t+1]
			}
			product *= float64(a)
			l = k.dx[t] + a*l
		}
		k.product[i], k.state[i] = product, l
	}
}

// totalsBack4 forms the totals of the four pieces of n steps of dx; a is one step ahead of dx.
func totalsBack4[F simd.Float](product []float64, state, a, dx []F, n int) {
	a0, a1, a2, a3 := a[:n], a[n:2*n], a[2*n:3*n], a[3*n:4*n]
	g0, g1, g2, g3 := dx[:n], dx[n:2*n], dx[2*n:3*n], dx[3*n:4*n]
	p0, p1, p2, p3 := 1.0, 1.0, 1.0, 1.0
	var l0, l1, l2, l3 F
	for t := n - 1; t >= 0; t-- {
		v0, v1, v2, v3 := a0[t], a1[t], a2[t], a3[t]
		p0, p1, p2, p3 = p0*float64(v0), p1*float64(v1), p2*float64(v2), p3*float64(v3)
		l0, l1, l2, l3 = g0[t]+v0*l0, g1[t]+v1*l1, g2[t]+v2*l2, g3[t]+v3*l3
	}
	product[0], product[1], product[2], product[3] = p0, p1, p2, p3
	state[0], state[1], state[2], state[3] = l0, l1, l2, l3
}

// carryBack turns the totals into the adjoints behind the pieces.
func (k *Diag[F]) carryBack(channel int) {
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

// runBackTask runs four pieces from the adjoints behind them.
func (k *Diag[F]) runBackTask(task int) {
	i := 4 * task
	lo, _ := k.span(i)
	if last, hi := k.span(i + 3); hi-last == k.length && hi < (i/k.pieces+1)*k.time {
		next := [4]F{k.a[last-2*k.length], k.a[last-k.length], k.a[last], k.a[hi]}
		k.reverse4(lo, k.length, k.state[i:i+4], next)
		return
	}
	for ; i < 4*task+4; i++ {
		if lo, hi := k.span(i); lo < hi {
			k.reverse(i/k.pieces, lo, hi, k.state[i])
		}
	}
}

// channelsBackTask runs up to four channels.
func (k *Diag[F]) channelsBackTask(task int) {
	if c := 4 * task; c+4 <= k.outer && k.time > 0 {
		k.reverse4(c*k.time, k.time, []F{0, 0, 0, 0}, [4]F{})
		return
	}
	for c := 4 * task; c < min(4*task+4, k.outer); c++ {
		k.reverse(c, c*k.time, (c+1)*k.time, 0)
	}
}

// reverse4 writes the gradients of four neighboring pieces of n steps from lo on, or of four channels. l
// are the adjoints just behind the pieces, next the a just behind them.
func (k *Diag[F]) reverse4(lo, n int, l []F, next [4]F) {
	cut := func(x []F) (x0, x1, x2, x3 []F) {
		x = x[lo : lo+4*n]
		return x[:n], x[n : 2*n], x[2*n : 3*n], x[3*n:]
	}
	a0, a1, a2, a3 := cut(k.a)
	g0, g1, g2, g3 := cut(k.dx)
	b0, b1, b2, b3 := cut(k.db)
	l0, l1, l2, l3 := l[0], l[1], l[2], l[3]
	n0, n1, n2, n3 := next[0], next[1], next[2], next[3]
	for t := n - 1; t >= 0; t-- {
		l0, l1, l2, l3 = g0[t]+n0*l0, g1[t]+n1*l1, g2[t]+n2*l2, g3[t]+n3*l3
		n0, n1, n2, n3 = a0[t], a1[t], a2[t], a3[t]
		b0[t], b1[t], b2[t], b3[t] = l0, l1, l2, l3
	}
	// da is db times x of the step before; where both share their memory it replaces db.
	for i, first := range [4]F{l0, l1, l2, l3} {
		at := lo + i*n
		simd.Mul(k.da[at+1:at+n], k.db[at+1:at+n], k.x[at:at+n-1])
		channel := at / k.time
		if at > channel*k.time {
			k.da[at] = first * k.x[at-1]
			continue
		}
		k.da[at] = first * k.x0[channel]
		if k.dx0 != nil {
			k.dx0[channel] = first * k.a[at]
		}
	}
}

// reverse writes the gradients of the steps [lo, hi) of a channel; l is the adjoint just behind them.
func (k *Diag[F]) reverse(channel, lo, hi int, l F) {
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

// columnsBackTask runs a block of channels that lie side by side in memory: a step is a row.
func (k *Diag[F]) columnsBackTask(task int) {
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
