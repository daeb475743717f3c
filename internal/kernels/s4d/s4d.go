package s4d

import (
	"fmt"
	"slices"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// Parameters are the parameters of a Kernel, or their gradients. The package comment has the shapes.
type Parameters[F simd.Float] struct{ LogDt, LogAReal, AImag, C, D []F }

// A Carry is the last state between two stretches of one sequence. A Kernel divides it by b, which is about dt: the quotient
// must be within the range of floats.
type Carry[F params.Float] struct {
	state []F // [B, H, N/2, 2], real and imaginary parts
	shape [4]int
}

// NewCarry returns the carry of B = batch sequences that have not begun, for H = channels of N/2 = modes.
func NewCarry[F params.Float](batch, channels, modes int) *Carry[F] {
	return &Carry[F]{state: make([]F, batch*channels*modes*2), shape: [4]int{batch, channels, modes, 2}}
}

// Reset makes the next stretch begin with a state of 0.
func (c *Carry[F]) Reset() { clear(c.state) }

// State returns the states [B, H, N/2, 2].
func (c *Carry[F]) State() []F { return c.state }

// Arrays returns the whole state under names that begin with prefix. The arrays share its memory.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{{Name: prefix + "state", Shape: c.shape[:], Data: c.state}}
}

// lanes is the number of channels that go side by side, a group.
const lanes = simd.ModeLanes

// block is the number of positions between two states that are kept.
const block = 64

// Kernel is the fast form.
type Kernel[F simd.Float] struct {
	batch, time, channels, modes int
	groups, blocks, size         int           // of channels; of positions; numbers in the state of a group
	known                        Parameters[F] // copies of those from which the following were made
	discrete                     []discrete    // [H, N/2]
	c                            []F           // [groups, 2 size] coefficients, see simd.ModeRows
	d                            []F           // [groups, lanes]
	kept                         []F           // [B, groups, blocks+1, size] states divided by b, at the beginning of each block and at the end
	partial                      []F           // [B, groups, partialSize]
	pool                         workspace.Pool[scratch[F]]

	y, u, dy, du, dStart, dEnd          []F // operands of the running call
	carry                               *Carry[F]
	dp                                  Parameters[F]
	prepare, forward, backward, collect func(task int)
}

// scratch is the memory of one worker.
type scratch[F simd.Float] struct {
	states     []F // [block+1, size]
	u, dy, dst []F // [block, lanes] rows of a group of fewer channels
}

// New returns the kernel for u [batch, time, channels] and N/2 = modes.
func New[F simd.Float](batch, time, channels, modes int) *Kernel[F] {
	k := &Kernel[F]{batch: batch, time: time, channels: channels, modes: modes, groups: simd.Pieces(channels, lanes), blocks: simd.Pieces(time, block)}
	k.size = 2 * lanes * (modes + modes%2)
	k.discrete = make([]discrete, channels*modes)
	k.c, k.d = make([]F, k.groups*2*k.size), make([]F, k.groups*lanes) // 0 where there is no channel or mode
	k.kept = workspace.Make[F](batch * k.groups * (k.blocks + 1) * k.size)
	k.pool.Create = func() *scratch[F] {
		rows := min(block, time)
		return &scratch[F]{workspace.Make[F]((rows + 1) * k.size), workspace.Make[F](rows * lanes), workspace.Make[F](rows * lanes), workspace.Make[F](rows * lanes)}
	}
	k.prepare, k.forward, k.backward, k.collect = k.prepareGroup, k.forwardGroup, k.backwardGroup, k.collectGroup
	return k
}

// Resize makes it the kernel of batch sequences of time positions, at most as many as New was given.
func (k *Kernel[F]) Resize(batch, time int) {
	k.batch, k.time, k.blocks = batch, time, simd.Pieces(time, block)
}

// Forward writes y. If carry is not nil the sequences continue from it, and it receives the last state.
func (k *Kernel[F]) Forward(y, u []F, p Parameters[F], carry *Carry[F]) {
	if want := [4]int{k.batch, k.channels, k.modes, 2}; carry != nil && carry.shape != want {
		panic(fmt.Sprintf("s4d: the carry has shape %v, want %v", carry.shape, want))
	}
	k.y, k.u, k.carry = y, u, carry
	k.setParameters(p)
	k.pool.For(k.batch*k.groups, k.forward)
}

// setParameters makes the coefficients, unless the parameters are those of the last call, as when tokens come one by one.
func (k *Kernel[F]) setParameters(p Parameters[F]) {
	same := true
	for _, x := range [...]struct {
		known *[]F
		now   []F
	}{{&k.known.LogDt, p.LogDt}, {&k.known.LogAReal, p.LogAReal}, {&k.known.AImag, p.AImag}, {&k.known.C, p.C}, {&k.known.D, p.D}} {
		if !slices.Equal(*x.known, x.now) { // NaN among them
			same = false
			*x.known = append((*x.known)[:0], x.now...)
		}
	}
	if !same {
		simd.For(k.groups, k.prepare)
	}
}

// prepareGroup makes the coefficients of a group.
func (k *Kernel[F]) prepareGroup(group int) {
	for lane := range min(lanes, k.channels-group*lanes) {
		h := group*lanes + lane
		k.d[h] = k.known.D[h]
		for n := range k.modes {
			i := h*k.modes + n
			m := discretize(float64(k.known.LogDt[h]), float64(k.known.LogAReal[i]), float64(k.known.AImag[i]))
			k.discrete[i] = m
			read := complex(float64(k.known.C[2*i]), float64(k.known.C[2*i+1])) * m.b
			c := k.c[group*2*k.size+4*lanes*n+lane:]
			c[0], c[lanes], c[2*lanes], c[3*lanes] = F(real(m.a)), F(imag(m.a)), F(2*real(read)), F(-2*imag(read))
		}
	}
}

// states returns the kept states [blocks+1, size] of a group of a sequence.
func (k *Kernel[F]) states(task int) []F {
	n := (k.blocks + 1) * k.size
	return k.kept[task*n : (task+1)*n]
}

// forwardGroup takes a group of channels of one sequence through time.
func (k *Kernel[F]) forwardGroup(task int) {
	b, group := task/k.groups, task%k.groups
	s := k.pool.Take()
	defer k.pool.Give(s)
	kept, c, d := k.states(task), k.c[group*2*k.size:][:2*k.size], k.d[group*lanes:][:lanes]
	state := kept[:k.size]
	clear(state)
	if k.carry != nil {
		k.each(group, func(mode, at int) {
			from := k.carry.state[2*(b*k.channels*k.modes+mode):]
			now := quotient(complex(float64(from[0]), float64(from[1])), k.discrete[mode].b)
			state[at], state[at+lanes] = F(real(now)), F(imag(now))
		})
	}
	for i := range k.blocks {
		next := kept[(i+1)*k.size:][:k.size]
		copy(next, kept[i*k.size:][:k.size])
		rows := min(block, k.time-i*block)
		u, stride := k.rows(s.u, k.u, b, group, i*block, rows)
		simd.ModeRows(k.target(s.dst, k.y, b, group, i*block), u, next, c, d, rows, stride)
		k.scatter(k.y, s.dst, b, group, i*block, rows)
	}
	if k.carry != nil {
		last := kept[k.blocks*k.size:]
		k.each(group, func(mode, at int) {
			now, to := k.discrete[mode].b*numberAt(last, at), k.carry.state[2*(b*k.channels*k.modes+mode):]
			to[0], to[1] = F(real(now)), F(imag(now))
		})
	}
}
