package recurrence

import "goomtrain/internal/simd"

// A sequence may be cut into parts that several processes compute at the same time. Of the parts before its own a process
// needs only the state that each leaves behind if it begins with zeros, because the recurrence is linear: a part of n steps
// takes the state x before it to x A^n + (what it leaves). The gradient goes the other way: a part takes the gradient g of
// its last state, without what its own outputs give, to g (A^T)^n + (what arrives before the part if g is zero).

// Leave writes to c what the steps u, the operands of the Forward that follows, leave behind.
func (k *Kernel[F]) Leave(c *Carry[F], u, a []F) {
	k.setMatrix(a)
	f := k.foldOf()
	f.setMatrix(k.a, k.aExponent)
	k.u, k.left = u, c
	f.pool.For(k.batch*k.rows, k.leave)
	c.started[0] = 1
}

// leaveRow is Leave for one row of a state.
func (k *Kernel[F]) leaveRow(task int) {
	s := k.fold.pool.Take()
	d := k.width
	row := k.left.mantissa[task*d:][:d]
	k.left.exponent[task] = k.fold.sum(s, row, k.time, false, func(t int, dst []F) int64 {
		copy(dst, k.u[k.at(task, t)*d:])
		return normalize(dst)
	})
	k.fold.pool.Give(s)
}

// at returns where row task = b*N + n is at step t in arrays [B, T, N].
func (k *Kernel[F]) at(task, t int) int {
	return (task/k.rows*k.time+t)*k.rows + task%k.rows
}

// LeaveBack writes to c the gradient of the state before the part, if that of its last state is zero but for its own output.
// It is called after Leave and Forward, and before Backward.
func (k *Kernel[F]) LeaveBack(c *Carry[F], dz []F) {
	k.dz, k.left = dz, c
	k.fold.pool.For(k.batch*k.rows, k.leaveBack)
	c.started[0] = 1
}

// leaveBackRow is LeaveBack for one row of a state.
func (k *Kernel[F]) leaveBackRow(task int) {
	s := k.fold.pool.Take()
	d := k.width
	row := k.left.mantissa[task*d:][:d]
	e := k.fold.sum(s, row, k.time, true, func(j int, dst []F) int64 {
		at := k.at(task, k.time-1-j)
		var c F
		if k.largest[at] != 0 {
			c = readout / k.largest[at]
		}
		_, e := addScaled(dst, k.fold.zeros, 0, c, k.dz[at*d:][:d], -k.exponent[at])
		return e
	})
	k.left.exponent[task] = k.fold.multiply(s, row, e, 0, true)
	k.fold.pool.Give(s)
}

// Begin makes c the state x_0 of every sequence.
func (k *Kernel[F]) Begin(c *Carry[F], x0 []F) {
	k.setOrigin(x0)
	n, d := k.rows, k.width
	for b := range k.batch {
		copy(c.mantissa[b*n*d:], k.origin.mantissa)
		copy(c.exponent[b*n:], k.origin.exponent)
	}
	c.started[0] = 1
}

// Pass takes the state c through another part of the length of this one. left has what several parts leave behind, part
// after part. With back, it takes the gradient c of the last state of that part to the one before it.
func (k *Kernel[F]) Pass(c, left *Carry[F], part int, back bool) {
	k.passed, k.left, k.from, k.back = c, left, part*k.batch*k.rows, back
	k.fold.pool.For(k.batch*k.rows, k.pass)
}

// passRow is Pass for one row of a state.
func (k *Kernel[F]) passRow(task int) {
	s := k.fold.pool.Take()
	d := k.width
	row := k.passed.mantissa[task*d:][:d]
	e := k.fold.jump(s, row, k.passed.exponent[task], k.time, k.back)
	at := k.from + task
	_, k.passed.exponent[task] = addScaled(s.row, row, e, 1, k.left.mantissa[at*d:][:d], k.left.exponent[at])
	copy(row, s.row)
	k.fold.pool.Give(s)
}

// partial is what a Kernel has besides if its sequences are cut.
type partial[F simd.Float] struct {
	fold                   *fold[F]
	left, passed           *Carry[F] // operands of the running call
	from                   int       // row of left
	back                   bool
	leave, leaveBack, pass func(task int)
}

// foldOf returns the fold of the kernel, which it makes at first.
func (k *Kernel[F]) foldOf() *fold[F] {
	if k.fold == nil {
		k.fold = newFold[F](k.time, k.width)
		k.leave, k.leaveBack, k.pass = k.leaveRow, k.leaveBackRow, k.passRow
	}
	return k.fold
}
