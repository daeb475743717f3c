package s4d

import (
	"math/cmplx"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Backward writes the gradients of the parameters and of u, the operands of the last Forward. dEnd [B, H, N/2, 2] is the
// gradient of the last state; nil stands for zero. dStart, if it is not nil, receives that of the state from which the
// sequences continued.
func (k *Kernel[F]) Backward(dp Parameters[F], du, dStart, u, dy, dEnd []F) {
	k.partial = workspace.Grow(k.partial, k.batch*k.groups*k.partialSize())
	k.dp, k.du, k.dStart, k.u, k.dy, k.dEnd = dp, du, dStart, u, dy, dEnd
	k.pool.For(k.batch*k.groups, k.backward)
	simd.For(k.groups, k.collect)
}

// partialSize is the number of sums of a group of a sequence: gradients of the coefficients, the adjoint of the first
// state with the sums of G_t u_t, and dD.
func (k *Kernel[F]) partialSize() int { return 4*k.size + lanes }

// sumsOf returns those sums.
func (k *Kernel[F]) sumsOf(task int) (dc, adjoint, dd []F) {
	all := k.partial[task*k.partialSize():][:k.partialSize()]
	return all[:2*k.size], all[2*k.size : 4*k.size], all[4*k.size:]
}

// backwardGroup takes the adjoints of a group of channels of one sequence back through time.
func (k *Kernel[F]) backwardGroup(task int) {
	b, group := task/k.groups, task%k.groups
	s := k.pool.Take()
	defer k.pool.Give(s)
	kept, c, d := k.states(task), k.c[group*2*k.size:][:2*k.size], k.d[group*lanes:][:lanes]
	dc, adjoint, dd := k.sumsOf(task)
	clear(dc)
	clear(adjoint)
	clear(dd)
	if k.dEnd != nil {
		k.each(group, func(mode, at int) {
			g := k.endGradient(b, mode) * cmplx.Conj(k.discrete[mode].b)
			i := 2*at - at%lanes
			adjoint[i], adjoint[i+lanes] = F(real(g)), F(imag(g))
		})
	}
	for i := k.blocks - 1; i >= 0; i-- {
		t := i * block
		n := min(block, k.time-t)
		u, stride := k.rows(s.u, k.u, b, group, t, n)
		dy, _ := k.rows(s.dy, k.dy, b, group, t, n)
		states := s.states[:(n+1)*k.size]
		copy(states, kept[i*k.size:][:k.size])
		simd.ModeStates(states, u, c, n, stride)
		simd.ModeRowsBackward(k.target(s.dst, k.du, b, group, t), dy, u, states, adjoint, dc, c, d, n, stride)
		k.scatter(k.du, s.dst, b, group, t, n)
		simd.AddProducts(dd, dy, u, n, stride, stride)
	}
}

// endGradient is the gradient of the last state of a mode.
func (k *Kernel[F]) endGradient(b, mode int) complex128 {
	g := k.dEnd[2*(b*k.channels*k.modes+mode):]
	return complex(float64(g[0]), float64(g[1]))
}

// collectGroup adds the sums of all sequences, in their order, and takes them to the parameters of a group of channels.
func (k *Kernel[F]) collectGroup(group int) {
	for lane := range k.channelsOf(group) {
		h, dD := group*lanes+lane, 0.0
		for b := range k.batch {
			_, _, dd := k.sumsOf(b*k.groups + group)
			dD += float64(dd[lane])
		}
		k.dp.D[h] = F(dD)
		dlogDt := 0.0
		for n := range k.modes {
			dlogDt += k.collectMode(h*k.modes+n, group, 2*lanes*n+lane)
		}
		k.dp.LogDt[h] = F(dlogDt)
	}
}

// collectMode writes the gradients of the parameters of one mode and returns its part of dlogDt.
func (k *Kernel[F]) collectMode(mode, group, at int) (dlogDt float64) {
	m := k.discrete[mode]
	var ga, gc, gb complex128 // of a, of C' = C b, and of b
	for b := range k.batch {
		dc, adjoint, _ := k.sumsOf(b*k.groups + group)
		i := 2*at - at%lanes
		ga += numberAt(dc, i)
		gc += 2 * cmplx.Conj(numberAt(dc, i+2*lanes))
		gb += numberAt(adjoint, i+2*lanes)
		if k.dStart != nil {
			g, to := quotient(numberAt(adjoint, i), cmplx.Conj(m.b)), k.dStart[2*(b*k.channels*k.modes+mode):]
			to[0], to[1] = F(real(g)), F(imag(g))
		}
	}
	gb = quotient(gb, cmplx.Conj(m.b)) // the adjoint of s_t is that of s'_t divided by ~b
	gC := gc * cmplx.Conj(m.b)
	k.dp.C[2*mode], k.dp.C[2*mode+1] = F(real(gC)), F(imag(gC))
	gA := ga*cmplx.Conj(complex(m.dt, 0)*m.a) + gb*cmplx.Conj(m.dbA)
	k.dp.LogAReal[mode], k.dp.AImag[mode] = F(real(m.pole)*real(gA)), F(imag(gA))
	return m.dt * real(ga*cmplx.Conj(m.pole*m.a)+gb*cmplx.Conj(m.a))
}

// quotient is x/y, and 0 for 0/0: where dt is so small that b is 0, nothing reaches the state.
func quotient(x, y complex128) complex128 {
	if x == 0 {
		return 0
	}
	return x / y
}
