package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func rowKernels() {
	tail := tailMask()
	layerNorm(tail)
	layerNormBackward(tail)
	glu(tail)
	gluBackward(tail)
	adamW(tail)
}

// copies are fresh registers with the values of others, for one more pass over the same arrays.
func copies(p ...reg.GPVirtual) []reg.GPVirtual {
	q := make([]reg.GPVirtual, len(p))
	for i := range p {
		q[i] = GP64()
		MOVQ(p[i], q[i])
	}
	return q
}

// spread copies the low element to all others.
func spread(x vec) vec {
	v := YMM()
	VBROADCASTSS(x.AsX(), v)
	return v
}

func layerNorm(tail Mem) {
	function("layerNormAVX2", "func(dst, x, weight, bias *float32, n int, eps float32) (mean, rstd float32)",
		"sets dst = (x-mean)*rstd*weight + bias for one row.")
	dst, x, weight, bias, n := pointer("dst"), pointer("x"), pointer("weight"), pointer("bias"), pointer("n")
	steps := []int{4, 1}

	count := XMM()
	VXORPS(count, count, count)
	VCVTSI2SSQ(n, count, count)
	inverse := loaded(constant("one", 1)) // 1/D, ready before it is needed
	VDIVSS(count, inverse.AsX(), inverse.AsX())
	p, acc := copies(x, n), zeroed(4)
	stream("sum", tail, p[1], steps, p[:1], func(l lane) {
		l.ahead(p[0])
		VADDPS(l.load(p[0]), acc[l.u], acc[l.u])
	})
	mean := total(acc)
	VMULSS(inverse.AsX(), mean, mean)
	result(mean, 0)
	m := spread(mean)

	q, squares := copies(x, n), zeroed(4)
	stream("squares", tail, q[1], steps, q[:1], func(l lane) {
		v := l.load(q[0])
		VSUBPS(m, v, v)
		l.only(v)
		VFMADD231PS(v, v, squares[l.u])
	})
	rstd := total(squares)
	VMULSS(inverse.AsX(), rstd, rstd)
	VADDSS(scalar("eps").AsX(), rstd, rstd)
	VSQRTSS(rstd, rstd, rstd)
	one := XMM()
	VMOVUPS(constant("one", 1), one)
	VDIVSS(rstd, one, rstd)
	result(rstd, 1)
	r := spread(rstd)

	stream("write", tail, n, steps, pointers(dst, x, weight, bias), func(l lane) {
		l.ahead(dst)
		v, w, b := l.load(x), l.load(weight), l.load(bias)
		VSUBPS(m, v, v)
		VMULPS(r, v, v)
		VFMADD213PS(b, w, v)
		l.store(v, dst)
	})
	finish()
}

func layerNormBackward(tail Mem) {
	function("layerNormBackwardAVX2", "func(dx, dy, x, weight, dweight, dbias *float32, n int, mean, rstd float32)",
		"is the gradient of one row: with u = (x-mean)*rstd and g = dy*weight, dx = rstd*(g - avg(g) - u*avg(g*u)), dweight += dy*u, dbias += dy.")
	dx, dy, x, weight, dweight, dbias := pointer("dx"), pointer("dy"), pointer("x"), pointer("weight"), pointer("dweight"), pointer("dbias")
	n, m, r := pointer("n"), scalar("mean"), scalar("rstd")
	count := XMM()
	VXORPS(count, count, count)
	VCVTSI2SSQ(n, count, count)

	p, g, gu := copies(dy, x, weight, n), zeroed(2), zeroed(2)
	stream("sums", tail, p[3], []int{2, 1}, append(p[:3:3], dweight, dbias), func(l lane) {
		l.ahead(p[0], p[1])
		d, u, w := l.load(p[0]), l.load(p[1]), l.load(p[2])
		VSUBPS(m, u, u)
		VMULPS(r, u, u)
		dw, db := l.load(dweight), l.load(dbias)
		VFMADD231PS(d, u, dw)
		VADDPS(d, db, db)
		l.store(dw, dweight)
		l.store(db, dbias)
		VMULPS(d, w, w) // masked elements are 0
		VADDPS(w, g[l.u], g[l.u])
		VFMADD231PS(w, u, gu[l.u])
	})
	averageG, averageGU := total(g), total(gu)
	VDIVSS(count, averageG, averageG)
	VDIVSS(count, averageGU, averageGU)
	a, b := spread(averageG), spread(averageGU)

	stream("write", tail, n, []int{2, 1}, pointers(dx, dy, x, weight), func(l lane) {
		l.ahead(dx)
		d, u, w := l.load(dy), l.load(x), l.load(weight)
		VSUBPS(m, u, u)
		VMULPS(r, u, u)
		VFMSUB213PS(a, d, w) // dy*weight - avg(g)
		VFNMADD231PS(b, u, w)
		VMULPS(r, w, w)
		l.store(w, dx)
	})
	finish()
}

func glu(tail Mem) {
	function("gluAVX2", "func(dst, a, b *float32, n, rows, stride, strideX int)",
		"sets dst = a * sigmoid(b) for rows of n numbers, stride bytes apart in dst and strideX in a and b.")
	dst, a, b, n := pointer("dst"), pointer("a"), pointer("b"), pointer("n")
	gateRows(pointers(dst), pointers(a, b), n, func(left reg.GPVirtual) {
		stream("loop", tail, left, []int{2, 1}, pointers(dst, a, b), func(l lane) {
			l.ahead(dst, a, b)
			s := gate(l.load(b))
			VMULPS(l.load(a), s, s)
			l.store(s, dst)
		})
	})
	finish()
}

func gluBackward(tail Mem) {
	function("gluBackwardAVX2", "func(dy, da, db, a, b *float32, n, rows, stride, strideX int)",
		"sets da = dy*s and db = dy*a*(s-s*s) with s = sigmoid(b) for rows of n numbers, stride bytes apart in dy and strideX in the others.")
	dy, da, db, a, b, n := pointer("dy"), pointer("da"), pointer("db"), pointer("a"), pointer("b"), pointer("n")
	gateRows(pointers(dy), pointers(da, db, a, b), n, func(left reg.GPVirtual) {
		stream("loop", tail, left, []int{2, 1}, pointers(dy, da, db, a, b), func(l lane) {
			l.ahead(dy, da, db, a, b)
			s := gate(l.load(b))
			d, u, slope := l.load(dy), l.load(a), YMM()
			VMOVAPS(s, slope)
			VFNMADD231PS(s, s, slope)
			VMULPS(d, u, u)
			VMULPS(slope, u, u)
			VMULPS(d, s, s)
			l.store(s, da)
			l.store(u, db)
		})
	})
	finish()
}

// gateRows emits a loop over rows of n numbers, of which body handles one: it uses up the length that it is
// given and advances the pointers by n rounded down to whole vectors. From row to row those of one half are
// the parameter stride apart, those of halves strideX.
func gateRows(half, halves []reg.GPVirtual, n reg.GPVirtual, body func(n reg.GPVirtual)) {
	rows, stride, strideX, left := pointer("rows"), pointer("stride"), pointer("strideX"), GP64()
	MOVQ(n, left)
	ANDQ(I32(-8), left)
	SHLQ(Imm(2), left)
	SUBQ(left, stride)
	SUBQ(left, strideX)
	Label("row")
	MOVQ(n, left)
	body(left)
	for _, p := range half {
		ADDQ(stride, p)
	}
	for _, p := range halves {
		ADDQ(strideX, p)
	}
	DECQ(rows)
	JNZ(LabelRef("row"))
}

// The order of the fields of simd.adamWFactors.
const (
	adamScale = 4 * iota
	adamBeta1
	adamRest1
	adamBeta2
	adamRest2
	adamKeep
	adamRate
	adamRoot
	adamEps
)

func adamW(tail Mem) {
	function("adamWAVX2", "func(value, grad, m, v *float32, n int, h *float32)", "is one AdamW update.")
	value, grad, m, v, n, h := pointer("value"), pointer("grad"), pointer("m"), pointer("v"), pointer("n"), pointer("h")
	factor := func(offset int) vec {
		x := YMM()
		VBROADCASTSS(Mem{Base: h, Disp: offset}, x)
		return x
	}
	scale, beta1, rest1, beta2, rest2 := factor(adamScale), factor(adamBeta1), factor(adamRest1), factor(adamBeta2), factor(adamRest2)
	keep, rate, root, eps := factor(adamKeep), factor(adamRate), factor(adamRoot), factor(adamEps)
	stream("loop", tail, n, []int{1}, pointers(value, grad, m, v), func(l lane) {
		g, first, second := l.load(grad), l.load(m), l.load(v)
		VMULPS(scale, g, g)
		VMULPS(beta1, first, first)
		VFMADD231PS(rest1, g, first)
		VMULPS(g, g, g)
		VMULPS(beta2, second, second)
		VFMADD231PS(rest2, g, second)
		l.store(first, m)
		l.store(second, v)
		VMULPS(root, second, second)
		VSQRTPS(second, second)
		VADDPS(eps, second, second)
		VMULPS(rate, first, first)
		VDIVPS(second, first, first)
		x := l.load(value)
		VFMSUB213PS(first, keep, x) // keep*x - step
		l.store(x, value)
	})
	finish()
}
