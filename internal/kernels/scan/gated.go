package scan

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// Gated is the diagonal recurrence of positive numbers with decays between 0 and 1, computed among
// logarithms and added to a residual:
//
//	x_t = sigmoid(c_t) x_{t-1} + exp(l_t)        x_0 = 1        y_t = e_t + residual_t, e_t = ln x_t
//
//	input [B, T, 2D], c_t in the first half of each row and l_t in the second   e, y [B, T, D]
//
// With u_t = ln sigmoid(c_t) + e_{t-1} a step is e_t = ln(exp(u_t) + exp(l_t)). Gradient, with
// p_t = sigmoid(u_t - l_t) the share of the past in x_t:
//
//	g_t = dy_t + p_{t+1} g_{t+1}        dl_t = (1 - p_t) g_t        dc_t = p_t g_t sigmoid(-c_t)
type Gated[F simd.Float] struct {
	batch, time, width int
	start              []F // [B, D] e_0 of the last Forward
	e                  []F // [B, T, D]
	pool               workspace.Pool[gatedRows[F]]

	y, x, residual   []F // operands of the running call
	dy, dx           []F
	last             []F // [B, D] or nil
	carry            *GatedCarry[F]
	forward, reverse func(task int)

	left   []F // of Leave and LeaveBack; nil in other calls
	from   GatedCarry[F]
	sums   []float64 // [B, D]
	decays func(task int)
}

// A GatedCarry is the last e of a Gated between two stretches of one sequence.
type GatedCarry[F simd.Float] struct {
	last  []F // [B, D]; 0 in sequences that have not begun, x_0 = 1
	shape [2]int
}

// NewGatedCarry returns the carry of B = batch sequences of D = width channels that have not begun.
func NewGatedCarry[F simd.Float](batch, width int) *GatedCarry[F] {
	return &GatedCarry[F]{make([]F, batch*width), [2]int{batch, width}}
}

// Reset makes the next stretch begin at x_0 = 1.
func (c *GatedCarry[F]) Reset() { clear(c.last) }

// Arrays returns the whole state under names that begin with prefix. The arrays share its memory.
func (c *GatedCarry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{{Name: prefix + "log", Shape: c.shape[:], Data: c.last}}
}

// gatedBlock is the number of channels that one worker takes through time.
const gatedBlock = 128

// gatedRows is the memory of one worker: rows of a block of channels.
type gatedRows[F simd.Float] struct{ e, u, s, g []F }

// NewGated returns the kernel for e [batch, time, width].
func NewGated[F simd.Float](batch, time, width int) *Gated[F] {
	k := &Gated[F]{batch: batch, time: time, width: width, start: make([]F, batch*width), e: make([]F, batch*time*width)}
	k.pool.Create = func() *gatedRows[F] {
		n := min(gatedBlock, width)
		return &gatedRows[F]{workspace.Make[F](n), workspace.Make[F](n), workspace.Make[F](n), workspace.Make[F](n)}
	}
	k.forward, k.reverse, k.decays = k.forwardBlock, k.reverseBlock, k.decayBlock
	return k
}

// Resize makes it the kernel of batch sequences of time positions, at most as many as NewGated was given.
func (k *Gated[F]) Resize(batch, time int) { k.batch, k.time = batch, time }

// Forward writes y. A residual [B, T, D] of nil is zero. If carry is not nil the sequences continue from it,
// and it receives the last e.
func (k *Gated[F]) Forward(y, x, residual []F, carry *GatedCarry[F]) {
	k.y, k.x, k.residual, k.carry = y, x, residual, carry
	if carry != nil {
		copy(k.start, carry.last)
	} else {
		clear(k.start)
	}
	tasks := k.batch * simd.Pieces(k.width, gatedBlock)
	k.pool.For(tasks, k.forward)
}

// Backward writes the gradient dx of the input x of the last Forward; that of the residual is dy. last [B, D] is the
// gradient of the last e, but for what dy has; nil stands for zeros. The carry is detached.
func (k *Gated[F]) Backward(dx, x, dy, last []F) { k.reverseAll(dx, x, dy, last) }

// reverseAll is Backward, which with memory in left writes there what the part leaves.
func (k *Gated[F]) reverseAll(dx, x, dy, last []F) {
	k.dx, k.x, k.dy, k.last = dx, x, dy, last
	tasks := k.batch * simd.Pieces(k.width, gatedBlock)
	k.pool.For(tasks, k.reverse)
}

// block returns the batch element and the channels [lo, hi) of a task.
func (k *Gated[F]) block(task int) (b, lo, hi int) {
	n := simd.Pieces(k.width, gatedBlock)
	b, lo = task/n, task%n*gatedBlock
	return b, lo, min(lo+gatedBlock, k.width)
}

// forwardBlock takes a block of channels of one sequence through time.
func (k *Gated[F]) forwardBlock(task int) {
	b, lo, hi := k.block(task)
	r := k.pool.Take()
	defer k.pool.Give(r)
	u, s := r.u[:hi-lo], r.s[:hi-lo]
	last := k.start[b*k.width+lo : b*k.width+hi]
	for t := range k.time {
		x := k.x[(b*k.time+t)*2*k.width:]
		l, e := x[k.width+lo:k.width+hi], k.e[(b*k.time+t)*k.width:][lo:hi]
		simd.LogSigmoid(u, x[lo:hi])
		simd.Add(u, u, last)
		for i, v := range l {
			d := u[i] - v
			if d < 0 {
				d, u[i] = -d, v
			}
			s[i] = d
		}
		simd.LogSigmoid(s, s) // -ln(1 + exp(-|u - l|))
		simd.ScaleAddMaxAbs(e, 1, u, -1, s)
		if y := k.y[(b*k.time+t)*k.width:][lo:hi]; k.residual != nil {
			simd.Add(y, e, k.residual[(b*k.time+t)*k.width:][lo:hi])
		} else {
			copy(y, e)
		}
		last = e
	}
	if k.carry != nil {
		copy(k.carry.last[b*k.width+lo:], last)
	}
}

// reverseBlock takes the adjoints of a block of channels of one sequence back through time.
func (k *Gated[F]) reverseBlock(task int) {
	b, lo, hi := k.block(task)
	r := k.pool.Take()
	defer k.pool.Give(r)
	u, s, g, p := r.u[:hi-lo], r.s[:hi-lo], r.g[:hi-lo], r.e[:hi-lo]
	clear(g)
	if k.last != nil {
		copy(g, k.last[b*k.width+lo:])
	}
	for t := k.time - 1; t >= 0; t-- {
		row := (b*k.time + t) * 2 * k.width
		c, l := k.x[row+lo:row+hi], k.x[row+k.width+lo:row+k.width+hi]
		dc, dl := k.dx[row+lo:row+hi], k.dx[row+k.width+lo:row+k.width+hi]
		before := k.start[b*k.width+lo : b*k.width+hi]
		if t > 0 {
			before = k.e[(b*k.time+t-1)*k.width:][lo:hi]
		}
		simd.Add(g, g, k.dy[(b*k.time+t)*k.width:][lo:hi])
		simd.LogSigmoid(u, c)
		simd.Add(u, u, before)
		simd.ScaleAddMaxAbs(p, 1, u, -1, l)
		simd.Sigmoid(p, p)
		simd.Scale(s, -1, c)
		simd.Sigmoid(s, s)
		for i, share := range p {
			past := share * g[i]
			dl[i], dc[i], g[i] = g[i]-past, past*s[i], past
		}
		if k.left != nil {
			factor := k.left[b*k.width+lo:][:hi-lo]
			simd.Mul(factor, factor, p)
		}
	}
	if k.left != nil {
		copy(k.left[(k.batch+b)*k.width+lo:], g)
	}
}
