package scan

import (
	"math"

	"goomtrain/internal/simd"
)

// Diag is the diagonal recurrence with coefficients of any sign:
//
//	x_t = a_t x_{t-1} + b_t,  t = 1..T        a, b, x [outer, T, inner]   x_0 [outer, inner]
//
// A state that overflowed stays infinite or becomes NaN, although later decays may bring the exact value back into range;
// goom.DiagScan computes such states. Gradient, with g_t = dL/dx_t and l_t the adjoint of x_t:
//
//	l_t = g_t + a_{t+1} l_{t+1}    da_t = l_t x_{t-1}    db_t = l_t    dx_0 = a_1 l_1
//
// Where inner is 1, sixteen channels go side by side. Long channels are cut into pieces, of which sixteen go side by side: the
// totals of the pieces (product of a, last state from a start at zero) are formed, carried through the channel, and every piece
// is run again from the state before it. This takes stretches of a channel that stay in the cache between the two.
type Diag[F simd.Float] struct {
	outer, time, inner int
	cut                bool
	groups             int       // of sixteen pieces in a channel that is cut; its last steps are a piece of their own
	length, last       int       // steps of a piece; of a piece of the last group
	product            []float64 // [outer, groups, 16]
	state              []F       // [outer, groups, 16] of each piece: its last state from zero, then the state before it
	edge               []F       // [outer] the state behind the steps that are done

	x, a, b, x0, dx, da, db, dx0 []F // operands of the running call
	channel, from, end, share    int // the groups of the running stretch, and how many of them a task has
	total, run                   func(task int)
	totalBack, runBack           func(task int)
	whole, wholeBack             func(channel int)
	channels, channelsBack       func(task int)
	columns, columnsBack         func(task int)
}

const (
	diagCut      = 1 << 11 // steps of the shortest channel that is cut
	diagPiece    = 33 * 16 // steps of a piece: an odd number of cache lines, so that pieces lie in different sets of the cache
	diagShortest = 32      // steps of the shortest piece
	diagStretch  = 8       // groups of a stretch for each thread
	diagColumns  = 256     // channels of a task if inner > 1
)

// NewDiag returns the kernel for a and b [outer, time, inner].
func NewDiag[F simd.Float](outer, time, inner int) *Diag[F] {
	k := &Diag[F]{outer: outer, time: time, inner: inner, cut: inner == 1 && outer < 8 && time >= diagCut}
	if k.cut {
		// One step at least is left behind the groups, so that a step of a group has one behind it.
		k.length, k.last = diagPiece, diagPiece
		k.groups = (time - 1) / (simd.DiagRows * diagPiece)
		if n := (time - 1) % (simd.DiagRows * diagPiece) / simd.DiagRows / 4 * 4; n >= diagShortest {
			k.groups, k.last = k.groups+1, n
		}
		k.product = make([]float64, outer*k.groups*simd.DiagRows)
		k.state = make([]F, outer*k.groups*simd.DiagRows)
	}
	if inner == 1 {
		k.edge = make([]F, outer)
	}
	k.total, k.run, k.whole = k.totalTask, k.runTask, k.wholeTask
	k.totalBack, k.runBack, k.wholeBack = k.totalBackTask, k.runBackTask, k.wholeBackTask
	k.channels, k.channelsBack = k.channelsTask, k.channelsBackTask
	k.columns, k.columnsBack = k.columnsTask, k.columnsBackTask
	return k
}

// Forward writes x.
func (k *Diag[F]) Forward(x, a, b, x0 []F) {
	k.x, k.a, k.b, k.x0 = x, a, b, x0
	switch {
	case k.outer*k.time*k.inner == 0:
	case k.inner > 1:
		simd.For(k.outer*simd.Pieces(k.inner, diagColumns), k.columns)
	case !k.cut:
		simd.For(simd.Pieces(k.outer, k.rowsOfTask()), k.channels)
	case k.outer >= 2*simd.Threads():
		simd.For(k.outer, k.whole)
	default: // all threads work on one channel
		for c := range k.outer {
			k.edge[c] = x0[c]
			for lo := 0; lo < k.groups; lo = k.end {
				tasks := k.stretch(c, lo, min(lo+diagStretch*simd.Threads(), k.groups))
				simd.For(tasks, k.total)
				k.carry(c, k.from, k.end)
				simd.For(tasks, k.run)
			}
			k.tail(c)
		}
	}
}

// Backward writes the gradients of a, b and x_0; a, x and x0 are the operands and the result of a Forward.
// db and dx0 may be nil.
func (k *Diag[F]) Backward(da, db, dx0, a, x, x0, dx []F) {
	if db == nil {
		db = da // db is written first and then replaced by da
	}
	k.da, k.db, k.dx0, k.a, k.x, k.x0, k.dx = da, db, dx0, a, x, x0, dx
	switch {
	case k.outer*k.time*k.inner == 0:
		clear(dx0)
	case k.inner > 1:
		simd.For(k.outer*simd.Pieces(k.inner, diagColumns), k.columnsBack)
	case !k.cut:
		simd.For(simd.Pieces(k.outer, k.rowsOfTask()), k.channelsBack)
	case k.outer >= 2*simd.Threads():
		simd.For(k.outer, k.wholeBack)
	default:
		for c := range k.outer {
			k.tailBack(c)
			for hi := k.groups; hi > 0; hi = k.from {
				tasks := k.stretch(c, max(0, hi-diagStretch*simd.Threads()), hi)
				simd.For(tasks, k.totalBack)
				k.carryBack(c, k.from, k.end)
				simd.For(tasks, k.runBack)
			}
		}
	}
}

// wholeTask takes a channel that is cut through time.
func (k *Diag[F]) wholeTask(channel int) {
	k.edge[channel] = k.x0[channel]
	for lo := 0; lo < k.groups; lo += diagStretch {
		hi := min(lo+diagStretch, k.groups)
		k.totals(channel, lo, hi)
		k.carry(channel, lo, hi)
		k.steps(channel, lo, hi)
	}
	k.tail(channel)
}

// stretch makes tasks of the groups [from, end) of a channel, one for each thread. The same task, and so most likely the same
// thread, forms the totals of a group and runs it.
func (k *Diag[F]) stretch(channel, from, end int) (tasks int) {
	k.channel, k.from, k.end, k.share = channel, from, end, simd.Pieces(end-from, simd.Threads())
	return simd.Pieces(end-from, k.share)
}

// task returns the groups of a task.
func (k *Diag[F]) task(i int) (lo, hi int) {
	lo = k.from + i*k.share
	return lo, min(lo+k.share, k.end)
}

func (k *Diag[F]) totalTask(task int) {
	lo, hi := k.task(task)
	k.totals(k.channel, lo, hi)
}

func (k *Diag[F]) runTask(task int) {
	lo, hi := k.task(task)
	k.steps(k.channel, lo, hi)
}

// group returns the first step of a group in [outer, T], the steps of its pieces, and the index of its first piece.
func (k *Diag[F]) group(channel, g int) (lo, n, piece int) {
	n = k.length
	if g == k.groups-1 {
		n = k.last
	}
	return channel*k.time + g*simd.DiagRows*k.length, n, (channel*k.groups + g) * simd.DiagRows
}

// behind returns the first step behind all groups of a channel in [outer, T], and the one behind its last step.
func (k *Diag[F]) behind(channel int) (lo, hi int) {
	lo = channel * k.time
	if k.groups > 0 {
		first, n, _ := k.group(channel, k.groups-1)
		lo = first + simd.DiagRows*n
	}
	return lo, (channel + 1) * k.time
}

// totals forms the totals of the pieces of the groups [from, end) of a channel.
func (k *Diag[F]) totals(channel, from, end int) {
	for g := from; g < end; g++ {
		lo, n, piece := k.group(channel, g)
		k.groupTotals(piece, k.a[lo:], k.b[lo:], n, false)
	}
}

// groupTotals forms the totals of sixteen pieces of n steps of a and b.
func (k *Diag[F]) groupTotals(piece int, a, b []F, n int, reverse bool) {
	product, state := k.product[piece:piece+simd.DiagRows], k.state[piece:piece+simd.DiagRows]
	for i := range product {
		product[i] = simd.Product(a[i*n : (i+1)*n])
	}
	clear(state)
	simd.DiagSteps(nil, a, b, state, n, n, reverse)
}

// carry turns the totals of groups into the states before their pieces. If a product has left the range of floats the
// piece is computed step by step instead.
func (k *Diag[F]) carry(channel, from, end int) {
	x := k.edge[channel : channel+1]
	for g := from; g < end; g++ {
		lo, n, piece := k.group(channel, g)
		for i := piece; i < piece+simd.DiagRows; i++ {
			before := x[0]
			if p := k.product[i]; math.Abs(p) < 1e300 {
				x[0] = F(p*float64(before)) + k.state[i]
			} else {
				simd.DiagSteps(nil, k.a[lo:], k.b[lo:], x, n, n, false)
			}
			k.state[i] = before
			lo += n
		}
	}
}

// steps runs the pieces of groups from the states before them.
func (k *Diag[F]) steps(channel, from, end int) {
	for g := from; g < end; g++ {
		lo, n, piece := k.group(channel, g)
		simd.DiagSteps(k.x[lo:], k.a[lo:], k.b[lo:], k.state[piece:piece+simd.DiagRows], n, n, false)
	}
}

// tail runs the steps behind all groups of a channel.
func (k *Diag[F]) tail(channel int) {
	lo, hi := k.behind(channel)
	simd.DiagSteps(k.x[lo:hi], k.a[lo:hi], k.b[lo:hi], k.edge[channel:channel+1], hi-lo, hi-lo, false)
}

// rowsOfTask sets how many channels that are not cut a task has, and returns it: fewer where they are long and would leave
// threads without work.
func (k *Diag[F]) rowsOfTask() int {
	k.share = simd.DiagTogether[F](k.time)
	if k.outer < simd.DiagRows*simd.Threads() && k.time >= 512 {
		k.share = simd.DiagRows / 4
	}
	return k.share
}

// channelsTask runs channels that are not cut.
func (k *Diag[F]) channelsTask(task int) {
	lo, hi := k.share*task, min(k.share*(task+1), k.outer)
	copy(k.edge[lo:hi], k.x0[lo:hi])
	at := lo * k.time
	simd.DiagSteps(k.x[at:], k.a[at:], k.b[at:], k.edge[lo:hi], k.time, k.time, false)
}

// columnsTask runs a block of channels that lie side by side in memory: a step is a row.
func (k *Diag[F]) columnsTask(task int) {
	row, lo, hi := k.block(task)
	last := k.x0[row*k.inner+lo : row*k.inner+hi]
	for t := row * k.time; t < (row+1)*k.time; t++ {
		x := k.x[t*k.inner+lo : t*k.inner+hi]
		simd.Mul(x, k.a[t*k.inner+lo:t*k.inner+hi], last)
		simd.Add(x, x, k.b[t*k.inner+lo:t*k.inner+hi])
		last = x
	}
}

// block returns the index in outer and the channels [lo, hi) of a task of columns.
func (k *Diag[F]) block(task int) (row, lo, hi int) {
	n := simd.Pieces(k.inner, diagColumns)
	lo = task % n * diagColumns
	return task / n, lo, min(lo+diagColumns, k.inner)
}
