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
// Where inner is 1, four channels go side by side. If there are too few channels and they are long, each
// is cut into pieces: the totals of the pieces (product of a, last state from a start at zero) are formed
// side by side, carried through the channel, and every piece is run again from the state before it.
type Diag[F simd.Float] struct {
	outer, time, inner int
	pieces             int // of one channel; 1 if it is not cut
	length             int // steps of a piece
	product            []float64
	state              []F // of each piece: its last state from zero, then the state before it

	x, a, b, x0, dx, da, db, dx0    []F // operands of the running call
	total, run, totalBack, runBack  func(task int)
	channels, channelsBack, columns func(task int)
	columnsBack                     func(task int)
}

const (
	diagPiece   = 1024 // steps of a piece of a long channel
	diagColumns = 256  // channels of a task if inner > 1
)

// NewDiag returns the kernel for a and b [outer, time, inner].
func NewDiag[F simd.Float](outer, time, inner int) *Diag[F] {
	k := &Diag[F]{outer: outer, time: time, inner: inner, pieces: 1}
	if inner == 1 && outer < 8 && time >= 8*diagPiece {
		k.length = diagPiece
		k.pieces = 4 * simd.Pieces(time, 4*diagPiece) // a multiple of four; the last ones may be short or empty
		k.product, k.state = make([]float64, outer*k.pieces), make([]F, outer*k.pieces)
	}
	k.total, k.run, k.totalBack, k.runBack = k.totalTask, k.runTask, k.totalBackTask, k.runBackTask
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
	case k.pieces == 1:
		simd.For(simd.Pieces(k.outer, 4), k.channels)
	default:
		simd.For(k.outer*k.pieces/4, k.total)
		for c := range k.outer {
			k.carry(c)
		}
		simd.For(k.outer*k.pieces/4, k.run)
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
	case k.pieces == 1:
		simd.For(simd.Pieces(k.outer, 4), k.channelsBack)
	default:
		simd.For(k.outer*k.pieces/4, k.totalBack)
		for c := range k.outer {
			k.carryBack(c)
		}
		simd.For(k.outer*k.pieces/4, k.runBack)
	}
}

// span returns the first step and the one behind the last of the i-th of all pieces, in [outer, T].
func (k *Diag[F]) span(i int) (lo, hi int) {
	row, p := i/k.pieces*k.time, i%k.pieces*k.length
	return row + min(p, k.time), row + min(p+k.length, k.time)
}

// totalTask forms the totals of four pieces.
func (k *Diag[F]) totalTask(task int) {
	i := 4 * task
	lo, _ := k.span(i)
	if last, hi := k.span(i + 3); hi-last == k.length {
		n := k.length
		totals4(k.product[i:i+4], k.state[i:i+4], k.a[lo:lo+4*n], k.b[lo:lo+4*n], n)
		return
	}
	for ; i < 4*task+4; i++ {
		lo, hi := k.span(i)
		product, s := 1.0, F(0)
		for t := lo; t < hi; t++ {
			product *= float64(k.a[t])
			s = k.a[t]*s + k.b[t]
		}
		k.product[i], k.state[i] = product, s
	}
}

// totals4 forms the totals of the four pieces of n steps of a and b.
func totals4[F simd.Float](product []float64, state, a, b []F, n int) {
	a0, a1, a2, a3 := a[:n], a[n:2*n], a[2*n:3*n], a[3*n:4*n]
	b0, b1, b2, b3 := b[:n], b[n:2*n], b[2*n:3*n], b[3*n:4*n]
	p0, p1, p2, p3 := 1.0, 1.0, 1.0, 1.0
	var s0, s1, s2, s3 F
	for t := range n {
		v0, v1, v2, v3 := a0[t], a1[t], a2[t], a3[t]
		p0, p1, p2, p3 = p0*float64(v0), p1*float64(v1), p2*float64(v2), p3*float64(v3)
		s0, s1, s2, s3 = v0*s0+b0[t], v1*s1+b1[t], v2*s2+b2[t], v3*s3+b3[t]
	}
	product[0], product[1], product[2], product[3] = p0, p1, p2, p3
	state[0], state[1], state[2], state[3] = s0, s1, s2, s3
}

// carry turns the totals of a channel's pieces into the states before them. If a product has left the range
// of floats the piece is computed step by step instead.
func (k *Diag[F]) carry(channel int) {
	x := k.x0[channel]
	for i := channel * k.pieces; i < (channel+1)*k.pieces; i++ {
		before := x
		if p := k.product[i]; math.Abs(p) < 1e300 {
			x = F(p*float64(x)) + k.state[i]
		} else {
			lo, hi := k.span(i)
			for t := lo; t < hi; t++ {
				x = k.a[t]*x + k.b[t]
			}
		}
		k.state[i] = before
	}
}

// runTask runs four pieces from the states before them.
func (k *Diag[F]) runTask(task int) {
	i := 4 * task
	lo, _ := k.span(i)
	_, hi := k.span(i + 3)
	run4(k.x[lo:hi], k.a[lo:hi], k.b[lo:hi], k.state[i:i+4], k.length)
}

// channelsTask runs up to four channels.
func (k *Diag[F]) channelsTask(task int) {
	lo, hi := 4*task, min(4*task+4, k.outer)
	n := k.time
	var start [4]F
	copy(start[:], k.x0[lo:hi])
	run4(k.x[lo*n:hi*n], k.a[lo*n:hi*n], k.b[lo*n:hi*n], start[:], n)
}

// run4 runs up to four pieces of n steps, one after another in memory, the last of which may be short.
func run4[F simd.Float](x, a, b, start []F, n int) {
	if len(x) < 4*n {
		for i := 0; len(x) > 0; i++ {
			m := min(n, len(x))
			s := start[i]
			for t := range m {
				s = a[t]*s + b[t]
				x[t] = s
			}
			x, a, b = x[m:], a[m:], b[m:]
		}
		return
	}
	a0, a1, a2, a3 := a[:n], a[n:2*n], a[2*n:3*n], a[3*n:4*n]
	b0, b1, b2, b3 := b[:n], b[n:2*n], b[2*n:3*n], b[3*n:4*n]
	x0, x1, x2, x3 := x[:n], x[n:2*n], x[2*n:3*n], x[3*n:4*n]
	s0, s1, s2, s3 := start[0], start[1], start[2], start[3]
	for t := range n {
		s0 = a0[t]*s0 + b0[t]
		s1 = a1[t]*s1 + b1[t]
		s2 = a2[t]*s2 + b2[t]
		s3 = a3[t]*s3 + b3[t]
		x0[t], x1[t], x2[t], x3[t] = s0, s1, s2, s3
	}
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
