package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// Steps are the rows of one operand of a recurrence: that of step t begins at Data[t*Stride].
type Steps[F Float] struct {
	Data   []F
	Stride int
}

// at returns the row of step t, of that width.
func (s Steps[F]) at(t, width int) []F { return s.Data[t*s.Stride:][:width] }

// check panics unless n rows of that width lie in the operand.
func (s Steps[F]) check(name string, n, width int) {
	if s.Stride < 0 || len(s.Data) < (n-1)*s.Stride+width {
		panicRows(name, n, width, s.Stride, len(s.Data), (n-1)*s.Stride+width)
	}
}

// LinearSteps takes a state [R, C] through n steps of linear attention:
//
//	state += k_t^T v_t        o_t = q_t state
//
// Rows of q and k have R numbers, those of v and o C. If reverse is true the last step comes first. o must not
// overlap the others.
func LinearSteps[F Float](state []F, o, q, k, v Steps[F], n, rows, columns int, reverse bool) {
	if n < 1 || rows < 1 || columns < 1 || len(state) != rows*columns {
		panic(fmt.Sprintf("simd: LinearSteps: %d steps of a state [%d, %d] with %d numbers", n, rows, columns, len(state)))
	}
	q.check("LinearSteps", n, rows)
	k.check("LinearSteps", n, rows)
	v.check("LinearSteps", n, columns)
	o.check("LinearSteps", n, columns)
	if floats.Single[F]() {
		linearSteps32(floats.As32(state), steps32(o), steps32(q), steps32(k), steps32(v), n, rows, columns, reverse)
		return
	}
	linearStepsPortable(state, o, q, k, v, n, rows, columns, reverse)
}

// MulSteps sets dst_t = alpha * src_t * x_t, elementwise, for n rows of that width. dst may be src.
func MulSteps[F Float](dst, src, x Steps[F], n, width int, alpha F) {
	if n < 1 || width < 1 {
		return
	}
	dst.check("MulSteps", n, width)
	src.check("MulSteps", n, width)
	x.check("MulSteps", n, width)
	if floats.Single[F]() {
		mulSteps32(steps32(dst), steps32(src), steps32(x), n, width, float32(alpha))
		return
	}
	mulStepsPortable(dst, src, x, n, width, alpha)
}

// ScaleSteps sets dst_t = alpha * x[t] * src_t for len(x) rows of that width. dst may be src.
func ScaleSteps[F Float](dst, src Steps[F], x []F, width int, alpha F) {
	if len(x) == 0 || width < 1 {
		return
	}
	dst.check("ScaleSteps", len(x), width)
	src.check("ScaleSteps", len(x), width)
	if floats.Single[F]() {
		scaleSteps32(steps32(dst), steps32(src), floats.As32(x), width, float32(alpha))
		return
	}
	scaleStepsPortable(dst, src, x, width, alpha)
}

// RunningSums sets dst_t = src_1 + ... + src_t, elementwise, for n rows of that width; dst_0 is 0. It returns the largest
// magnitude in src, but for its first row, and in dst; NaN where one is NaN.
func RunningSums[F Float](dst, src Steps[F], n, width int) (steepest, deepest F) {
	if n < 1 || width < 1 {
		return 0, 0
	}
	dst.check("RunningSums", n, width)
	src.check("RunningSums", n, width)
	if floats.Single[F]() {
		a, b := runningSums32(steps32(dst), steps32(src), n, width)
		return F(a), F(b)
	}
	return runningSumsPortable(dst, src, n, width)
}

// DecaySums is the gradient of decays by running sums. From the last of n steps to the first it does
//
//	sum += q_t * dq_t - k_t * dk_t        dg_t = sum
//
// elementwise in rows of len(sum). dg must not overlap the others.
func DecaySums[F Float](sum []F, dg, q, dq, k, dk Steps[F], n int) {
	if len(sum) == 0 || n < 1 {
		return
	}
	for _, s := range [...]Steps[F]{dg, q, dq, k, dk} {
		s.check("DecaySums", n, len(sum))
	}
	if floats.Single[F]() {
		decaySums32(floats.As32(sum), steps32(dg), steps32(q), steps32(dq), steps32(k), steps32(dk), n)
		return
	}
	decaySumsPortable(sum, dg, q, dq, k, dk, n)
}

// steps32 returns the same operand as float32, which F is.
func steps32[F Float](s Steps[F]) Steps[float32] {
	return Steps[float32]{Data: floats.As32(s.Data), Stride: s.Stride}
}
