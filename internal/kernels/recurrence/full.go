package recurrence

import "goomtrain/internal/simd"

// Full is the recurrence with a matrix for each sequence, step and head, a [B, T, H, D, D].
type Full[F simd.Float] struct {
	walk  *walk[F]
	a, dA []F
}

// NewFull returns the kernel for one size.
func NewFull[F simd.Float](size Size) *Full[F] {
	size.check()
	k := &Full[F]{}
	m := &matrices[F]{
		a:  func(s *task[F], t int) []F { return k.matrix(k.a, s, t) },
		dA: func(s *task[F], t int) []F { return k.matrix(k.dA, s, t) }, keep: scratch[F],
	}
	m.walk = newWalk(size, transition[F](m), size.Width)
	k.walk = m.walk
	return k
}

// matrix returns the matrices of a task in an array [B, T, H, D, D].
func (k *Full[F]) matrix(a []F, s *task[F], t int) []F {
	n := k.walk.Width * k.walk.Width
	return a[((s.sequence*k.walk.Time+t)*k.walk.Heads+s.head)*n:][:s.heads*n]
}

// Forward writes z [B, T, N, D]; u has its shape, x0 is [N, D]. reset is nil or [B, T]: where it is not 0, the state
// is x_0 before the step. If carry is not nil the sequence continues from it, or from x_0 if the carry has not started,
// and the carry receives the last state.
func (k *Full[F]) Forward(z, u, a, x0 []F, reset []int32, carry *Carry[F]) {
	k.a = a
	k.walk.begin(z, u, x0, reset, carry)
	k.walk.run(0, k.walk.Time)
	k.walk.end(carry)
}

// Between makes every later Backward begin with the gradient last of the last state, without what its own output gives, and
// write to first that of the state that the sequences continued from, unless they are nil.
func (k *Full[F]) Between(last, first *Carry[F]) { k.walk.between(last, first) }

// Backward writes du, da and dx_0; the operands are those of the last Forward, and z is what it wrote. No gradient flows
// into a carry.
func (k *Full[F]) Backward(du, da, dx0, a, z, dz []F) {
	k.a, k.dA = a, da
	k.walk.beginReverse(du, z, dz)
	k.walk.runReverse(0, k.walk.Time)
	k.walk.endReverse(dx0)
}
