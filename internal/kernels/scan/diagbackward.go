package scan

import (
	"math"

	"goomtrain/internal/simd"
)

// The backward half of Diag. The adjoint of step t needs a_{t+1}, so the totals of a piece [lo, hi) give
// its first adjoint from the one just behind it: l_lo = product * l_hi + state.

// wholeBackTask takes the adjoints of a channel that is cut back through time.
func (k *Diag[F]) wholeBackTask(channel int) {
	k.tailBack(channel)
	for hi := k.groups; hi > 0; hi -= diagStretch {
		lo := max(0, hi-diagStretch)
		k.totalsBack(channel, lo, hi)
		k.carryBack(channel, lo, hi)
		k.stepsBack(channel, lo, hi)
	}
}

func (k *Diag[F]) totalBackTask(task int) {
	lo, hi := k.task(task)
	k.totalsBack(k.channel, lo, hi)
}

func (k *Diag[F]) runBackTask(task int) {
	lo, hi := k.task(task)
	k.stepsBack(k.channel, lo, hi)
}

// totalsBack forms the totals of the pieces of the groups [from, end) of a channel, last step first.
func (k *Diag[F]) totalsBack(channel, from, end int) {
	for g := end - 1; g >= from; g-- {
		lo, n, piece := k.group(channel, g)
		k.groupTotals(piece, k.a[lo+1:], k.dx[lo:], n, true)
	}
}

// carryBack turns the totals of groups into the adjoints behind their pieces.
func (k *Diag[F]) carryBack(channel, from, end int) {
	l := k.edge[channel : channel+1]
	for g := end - 1; g >= from; g-- {
		first, n, piece := k.group(channel, g)
		for i := simd.DiagRows - 1; i >= 0; i-- {
			behind := l[0]
			if p := k.product[piece+i]; math.Abs(p) < 1e300 {
				l[0] = F(p*float64(behind)) + k.state[piece+i]
			} else {
				lo := first + i*n
				simd.DiagSteps(nil, k.a[lo+1:], k.dx[lo:], l, n, n, true)
			}
			k.state[piece+i] = behind
		}
	}
}

// stepsBack writes the gradients of groups, with the adjoints behind their pieces.
func (k *Diag[F]) stepsBack(channel, from, end int) {
	for g := end - 1; g >= from; g-- {
		lo, n, piece := k.group(channel, g)
		simd.DiagSteps(k.db[lo:], k.a[lo+1:], k.dx[lo:], k.state[piece:piece+simd.DiagRows], n, n, true)
	}
	lo, _, _ := k.group(channel, from)
	last, n, _ := k.group(channel, end-1)
	k.products(channel, lo, last+simd.DiagRows*n-lo)
}

// tailBack writes the gradients of the steps behind all groups of a channel.
func (k *Diag[F]) tailBack(channel int) {
	lo, hi := k.behind(channel)
	l, n := k.dx[hi-1], hi-lo-1
	k.db[hi-1], k.edge[channel] = l, l
	simd.DiagSteps(k.db[lo:], k.a[lo+1:], k.dx[lo:], k.edge[channel:channel+1], n, n, true)
	k.products(channel, lo, hi-lo)
}

// products writes da of n steps, which is db times x of the step before. Where both share their memory da replaces db.
func (k *Diag[F]) products(channel, lo, n int) {
	if lo == channel*k.time {
		k.first(channel, k.db[lo])
		lo, n = lo+1, n-1
	}
	simd.Mul(k.da[lo:lo+n], k.db[lo:lo+n], k.x[lo-1:lo-1+n])
}

// first writes da and dx0 of a channel's first step, of which l is the adjoint.
func (k *Diag[F]) first(channel int, l F) {
	at := channel * k.time
	k.da[at] = l * k.x0[channel]
	if k.dx0 != nil {
		k.dx0[channel] = l * k.a[at]
	}
}

// channelsBackTask writes the gradients of channels that are not cut.
func (k *Diag[F]) channelsBackTask(task int) {
	from, end := k.share*task, min(k.share*(task+1), k.outer)
	lo, hi, n := from*k.time, end*k.time, k.time
	edge := k.edge[from:end]
	for i := range edge {
		last := lo + (i+1)*n - 1
		edge[i], k.db[last] = k.dx[last], k.dx[last]
	}
	simd.DiagSteps(k.db[lo:], k.a[lo+1:], k.dx[lo:], edge, n-1, n, true)
	// The first steps of the channels get products with x of other channels here, and their own below.
	simd.Mul(k.da[lo+1:hi], k.db[lo+1:hi], k.x[lo:hi-1])
	for i, l := range edge {
		k.first(from+i, l)
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
