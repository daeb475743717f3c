package conv

import (
	"fmt"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Kernel is the fast form. The work is divided into blocks of positions and channels whose numbers stay in the cache.
type Kernel[F simd.Float] struct {
	batch, time, channels, taps int
	silu                        bool
	w, reversed                 []F // [W, C] rows of weights, oldest input first, and last
	start                       []F // [B, W-1, C] inputs before the last Forward
	none                        []F // [C] zeros, the bias of a convolution without one
	ones                        []F // [timeTile]
	partial, sums               []F // [B, spans, W+1, C] and [W+1, C] of dw and dbias
	pool                        workspace.Pool[scratch[F]]

	y, x, bias, dx, dbias, dy []F // operands of the running call
	forward, backward         func(task int)
}

const (
	timeBlock    = 48   // positions of a task of Forward
	rowBlock     = 1024 // channels of a task of Forward: memory is read fastest in long rows
	timeSpan     = 256  // positions of a task of Backward
	channelBlock = 128  // channels of a task of Backward
	timeTile     = 24   // positions that go through the cache together, a multiple of the three that the assembly takes
)

// scratch is the memory of one worker.
type scratch[F simd.Float] struct {
	window  []F // [timeTile+W-1, rowBlock] inputs that are not together in memory
	adjoint []F // [timeTile+W-1, channelBlock] l of a tile and of the positions before it
}

// New returns the kernel for x [batch, time, channels] and W = width.
func New[F simd.Float](batch, time, channels, width int, silu bool) *Kernel[F] {
	k := &Kernel[F]{batch: batch, time: time, channels: channels, taps: width, silu: silu,
		w: make([]F, width*channels), reversed: make([]F, width*channels), start: make([]F, batch*(width-1)*channels),
		none: make([]F, channels), ones: make([]F, timeTile)}
	for i := range k.ones {
		k.ones[i] = 1
	}
	k.pool.Create = func() *scratch[F] {
		n := min(timeTile, time) + width - 1
		return &scratch[F]{workspace.Make[F](n * min(rowBlock, channels)), workspace.Make[F](n * min(channelBlock, channels))}
	}
	k.forward, k.backward = k.forwardBlock, k.backwardSpan
	return k
}

// Resize makes it the kernel of batch sequences of time positions, at most as many as New was given.
func (k *Kernel[F]) Resize(batch, time int) {
	k.batch, k.time = batch, time
	k.start = k.start[:batch*(k.taps-1)*k.channels]
}

// Forward writes y [B, T, C]. A bias of nil is zero. If carry is not nil the sequences continue from it, and it receives
// the last inputs.
func (k *Kernel[F]) Forward(y, x, w, bias []F, carry *Carry[F]) {
	if carry != nil {
		if want := [3]int{k.batch, k.channels, k.taps}; carry.shape != want {
			panic(fmt.Sprintf("conv: the carry has shape %v, want %v", carry.shape, want))
		}
		carry.rows(k.start)
	} else {
		clear(k.start)
	}
	k.forwardAll(y, x, w, bias)
	if carry != nil {
		carry.push(x)
	}
}

// forwardAll writes y of sequences that continue after the inputs in start.
func (k *Kernel[F]) forwardAll(y, x, w, bias []F) {
	k.y, k.x = y, x
	k.setWeights(w, bias)
	k.pool.For(k.batch*simd.Pieces(k.time, timeBlock)*simd.Pieces(k.channels, rowBlock), k.forward)
}

// Backward writes dx, dw and dbias, which is nil if bias is; x, w and bias are the operands of the last Forward. The carry
// is detached.
func (k *Kernel[F]) Backward(dx, dw, dbias, x, w, bias, dy []F) {
	k.sums = workspace.Grow(k.sums, (k.taps+1)*k.channels)
	k.partial = workspace.Grow(k.partial, k.batch*simd.Pieces(k.time, timeSpan)*len(k.sums))
	k.dx, k.dbias, k.x, k.dy = dx, dbias, x, dy
	k.setWeights(w, bias)
	k.pool.For(k.batch*simd.Pieces(k.time, timeSpan)*simd.Pieces(k.channels, channelBlock), k.backward)
	workspace.Sum(k.sums, k.partial)
	for i := range k.taps {
		for j, v := range k.sums[i*k.channels:][:k.channels] {
			dw[j*k.taps+i] = v
		}
	}
	copy(dbias, k.sums[k.taps*k.channels:])
}

// setWeights takes over the weights [C, 1, W] and the bias.
func (k *Kernel[F]) setWeights(w, bias []F) {
	for i := range k.taps {
		row, reversed := k.w[i*k.channels:][:k.channels], k.reversed[(k.taps-1-i)*k.channels:]
		for j := range row {
			row[j] = w[j*k.taps+i]
		}
		copy(reversed, row)
	}
	if k.bias = bias; bias == nil {
		k.bias = k.none
	}
}

// block returns what a task works on: a sequence, positions [lo, hi) and channels [c0, c1).
func (k *Kernel[F]) block(task, positions, channels int) (b, lo, hi, c0, c1 int) {
	columns, rows := simd.Pieces(k.channels, channels), simd.Pieces(k.time, positions)
	c0, task = task%columns*channels, task/columns
	b, lo = task/rows, task%rows*positions
	return b, lo, min(lo+positions, k.time), c0, min(c0+channels, k.channels)
}

// forwardBlock computes a block of outputs.
func (k *Kernel[F]) forwardBlock(task int) {
	b, lo, end, c0, c1 := k.block(task, timeBlock, rowBlock)
	s := k.pool.Take()
	defer k.pool.Give(s)
	for hi := end; lo < end; lo, hi = hi, end {
		if lo < k.taps-1 {
			hi = min(lo+timeTile, end)
		}
		src, stride := k.inputs(s, b, lo, hi, c0, c1)
		shape := simd.ConvShape{Rows: hi - lo, Taps: k.taps, StrideDst: k.channels, StrideSrc: stride, StrideW: k.channels}
		y := k.y[(b*k.time+lo)*k.channels+c0:]
		if k.silu {
			simd.ConvSiLU(y, src, k.w[c0:], k.bias[c0:c1], shape)
		} else {
			simd.Conv(y, src, k.w[c0:], k.bias[c0:c1], shape)
		}
	}
}

// inputs returns the rows of inputs that outputs [lo, hi) depend on, from position lo-W+1 on, and their stride.
func (k *Kernel[F]) inputs(s *scratch[F], b, lo, hi, c0, c1 int) (rows []F, stride int) {
	before, n := k.taps-1, c1-c0
	if lo >= before {
		return k.x[(b*k.time+lo-before)*k.channels+c0:], k.channels
	}
	for t := lo - before; t < hi; t++ {
		from, at := k.x, b*k.time+t
		if t < 0 {
			from, at = k.start, (b+1)*before+t
		}
		copy(s.window[(t-lo+before)*n:], from[at*k.channels+c0:at*k.channels+c1])
	}
	return s.window, n
}
