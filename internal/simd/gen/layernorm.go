package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func layerNormKernels() {
	layerNorm()
	layerNormBackward()
}

// copies are new registers with the values of p, for one more pass over the same arrays.
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

func layerNorm() {
	function("layerNormAVX2", "func(dst, x, weight, bias *float32, n int, eps float32) (mean, rstd float32)",
		`is

	var sum, squares float32
	for i := range n {
		sum += x[i]
	}
	mean = sum / n
	for i := range n {
		squares += (x[i] - mean) * (x[i] - mean)
	}
	rstd = 1 / sqrt(squares/n+eps)
	for i := range n {
		dst[i] = (x[i]-mean)*rstd*weight[i] + bias[i]
	}
	return mean, rstd`)
	dst, x, weight, bias, n := pointer("dst"), pointer("x"), pointer("weight"), pointer("bias"), pointer("n")
	steps := []int{4, 1}

	count := XMM()
	VXORPS(count, count, count)
	VCVTSI2SSQ(n, count, count)
	inverse := loaded(constant("one", 1)) // 1/D, computed early because division is slow
	VDIVSS(count, inverse.AsX(), inverse.AsX())
	p, acc := copies(x, n), zeroed(4)
	stream("sum", p[1], steps, p[:1], func(l lane) {
		l.ahead(p[0])
		VADDPS(l.load(p[0]), acc[l.u], acc[l.u])
	})
	mean := total(acc)
	VMULSS(inverse.AsX(), mean, mean)
	result(mean, 0)
	m := spread(mean)

	q, squares := copies(x, n), zeroed(4)
	stream("squares", q[1], steps, q[:1], func(l lane) {
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

	stream("write", n, steps, pointers(dst, x, weight, bias), func(l lane) {
		l.ahead(dst)
		v, w, b := l.load(x), l.load(weight), l.load(bias)
		VSUBPS(m, v, v)
		VMULPS(r, v, v)
		VFMADD213PS(b, w, v)
		l.store(v, dst)
	})
	finish()
}

func layerNormBackward() {
	function("layerNormBackwardAVX2", "func(dx, dy, x, weight, dweight, dbias *float32, n int, mean, rstd float32)",
		`is

	var g, gu float32
	for i := range n {
		u := (x[i] - mean) * rstd
		dweight[i] += dy[i] * u
		dbias[i] += dy[i]
		g += dy[i] * weight[i]
		gu += dy[i] * weight[i] * u
	}
	for i := range n {
		u := (x[i] - mean) * rstd
		dx[i] = rstd * (dy[i]*weight[i] - g/n - u*gu/n)
	}`)
	dx, dy, x, weight, dweight, dbias := pointer("dx"), pointer("dy"), pointer("x"), pointer("weight"), pointer("dweight"), pointer("dbias")
	n, m, r := pointer("n"), scalar("mean"), scalar("rstd")
	count := XMM()
	VXORPS(count, count, count)
	VCVTSI2SSQ(n, count, count)

	p, g, gu := copies(dy, x, weight, n), zeroed(2), zeroed(2)
	stream("sums", p[3], []int{2, 1}, append(p[:3:3], dweight, dbias), func(l lane) {
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

	stream("write", n, []int{2, 1}, pointers(dx, dy, x, weight), func(l lane) {
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
