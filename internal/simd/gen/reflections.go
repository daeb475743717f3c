package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func reflectionKernels() {
	rowNorms()
	reflectRow()
	reflectRowBackward()
}

func rowNorms() {
	function("rowNormsAVX2", "func(norms, x *float32, width, rows int)",
		`is

	for r := range rows {
		norms[r] = 0
		for i := r * width; i < (r+1)*width; i++ {
			norms[r] += x[i] * x[i]
		}
	}`)
	norms, x := pointer("norms"), pointer("x")
	l := newRowLoop(pointer("width"), pointer("rows"), pointers(x), pointers(norms))
	Label("row")
	sum := zeroed(1)
	l.vectors("square", func(e rowLane) {
		v := e.load(x)
		VFMADD231PS(v, v, sum[0])
	})
	VMOVSS(total(sum).AsX(), Mem{Base: norms})
	l.next("row")
}

// ratio is x divided by the number at p, 0 if that is 0.
func ratio(x vec, p reg.Register) vec { return quotientOrZero(x, broadcast(Mem{Base: p})) }

func reflectRow() {
	function("reflectRowAVX2", "func(dst, x, k, beta, norms *float32, width, count int, gate float32)",
		`is

	for i := range width {
		dst[i] = gate * x[i]
	}
	for j := range count {
		p := float32(0)
		for i := range width {
			p += dst[i] * k[j*width+i]
		}
		factor := float32(0)
		if norms[j] != 0 {
			factor = beta[j] / norms[j]
		}
		for i := range width {
			dst[i] -= factor * p * k[j*width+i]
		}
	}`)
	dst, x, k, beta, norms := pointer("dst"), pointer("x"), pointer("k"), pointer("beta"), pointer("norms")
	l := newRowLoop(pointer("width"), pointer("count"), pointers(k), pointers(beta, norms))
	next := GP64()
	gate, sum := scalar("gate"), zeroed(1)
	l.vectors("first", func(e rowLane) {
		v, w := e.load(x), e.load(k)
		VMULPS(gate, v, v)
		e.store(v, dst)
		VFMADD231PS(v, w, sum[0])
	})
	Label("row")
	c := spread(total(sum))
	factor := ratio(broadcast(Mem{Base: beta}), norms)
	VMULPS(factor, c, c)
	MOVQ(k, next)
	ADDQ(l.width, next)
	CMPQ(l.rows, Imm(1))
	JE(LabelRef("last"))
	VXORPS(sum[0], sum[0], sum[0])
	l.vectors("reflect", func(e rowLane) {
		v, w, u := e.load(dst), e.load(k), e.load(next)
		VFNMADD231PS(c, w, v)
		e.store(v, dst)
		VFMADD231PS(v, u, sum[0])
	})
	ADDQ(l.width, k)
	ADDQ(Imm(4), beta)
	ADDQ(Imm(4), norms)
	DECQ(l.rows)
	JMP(LabelRef("row"))
	Label("last")
	l.vectors("end", func(e rowLane) {
		v, w := e.load(dst), e.load(k)
		VFNMADD231PS(c, w, v)
		e.store(v, dst)
	})
	finish()
}

func reflectRowBackward() {
	function("reflectRowBackwardAVX2", "func(dst, dk, x, k, beta, norms, dout, before, products *float32, width, count int, first, gate float32) (top, inner float32)",
		`is

	for i := range width {
		before[i] = first * x[i]
	}
	for j := range count {
		p := float32(0)
		for i := range width {
			p += before[j*width+i] * k[j*width+i]
		}
		products[j] = p / norms[j] // 0 if norms[j] is 0
		for i := 0; i < width && j+1 < count; i++ {
			before[(j+1)*width+i] = before[j*width+i] - beta[j]*products[j]*k[j*width+i]
		}
	}
	copy(dst[:width], dout)
	for j := count - 1; j >= 0; j-- {
		q := float32(0)
		for i := range width {
			q += dst[i] * k[j*width+i]
		}
		p := products[j]
		products[j] = -p * q
		q /= norms[j] // 0 if norms[j] is 0
		for i := range width {
			dk[j*width+i] += beta[j] * (2*p*q*k[j*width+i] - p*dst[i] - q*before[j*width+i])
			dst[i] -= beta[j] * q * k[j*width+i]
		}
	}
	for i := range width {
		inner += before[i] * dst[i]
		dst[i] = gate * dst[i]
		top = max(top, abs(dst[i])) // NaN if one is NaN
	}`)
	k, y, beta, norms, products := pointer("k"), pointer("before"), pointer("beta"), pointer("norms"), pointer("products")
	l := newRowLoop(pointer("width"), pointer("count"), nil, nil)
	next := GP64()
	first, sum := scalar("first"), zeroed(1)
	x := pointer("x")
	l.vectors("first", func(e rowLane) {
		v, w := e.load(x), e.load(k)
		VMULPS(first, v, v)
		e.store(v, y)
		VFMADD231PS(v, w, sum[0])
	})
	Label("forward")
	p := ratio(spread(total(sum)), norms)
	VMOVSS(p.AsX(), Mem{Base: products})
	DECQ(l.rows)
	JZ(LabelRef("turn"))
	VMULPS(broadcast(Mem{Base: beta}), p, p)
	VXORPS(sum[0], sum[0], sum[0])
	after := GP64()
	MOVQ(k, next)
	ADDQ(l.width, next)
	MOVQ(y, after)
	ADDQ(l.width, after)
	l.vectors("reflect", func(e rowLane) {
		v, w, u := e.load(y), e.load(k), e.load(next)
		VFNMADD231PS(p, w, v)
		e.store(v, after)
		VFMADD231PS(v, u, sum[0])
	})
	MOVQ(next, k)
	MOVQ(after, y)
	for _, p := range pointers(beta, norms, products) {
		ADDQ(Imm(4), p)
	}
	JMP(LabelRef("forward"))

	Label("turn")
	dst, dk, dout, left := pointer("dst"), pointer("dk"), pointer("dout"), pointer("count")
	VXORPS(sum[0], sum[0], sum[0])
	l.vectors("out", func(e rowLane) {
		v, w := e.load(dout), e.load(k)
		e.store(v, dst)
		VFMADD231PS(v, w, sum[0])
	})
	ADDQ(keysBehind(l.width, left), dk)
	Label("backward")
	q, b, both := spread(total(sum)), broadcast(Mem{Base: beta}), YMM()
	p = broadcast(Mem{Base: products})
	VMULPS(q, p, both)
	minus := zeroed(1)[0]
	VSUBPS(both, minus, both)
	VMOVSS(both.AsX(), Mem{Base: products})
	q = ratio(q, norms)
	VMULPS(b, p, p)
	VMULPS(q, p, both)
	VADDPS(both, both, both) // 2 beta p q
	VMULPS(b, q, q)
	VXORPS(sum[0], sum[0], sum[0])
	MOVQ(k, next)
	SUBQ(l.width, next)
	CMPQ(left, Imm(1))
	CMOVQEQ(y, next) // the last product is that with the first row
	l.vectors("step", func(e rowLane) {
		v, key, d := e.load(dst), e.load(k), e.load(dk)
		VFNMADD231PS(p, v, d)
		VFNMADD231PS(q, e.load(y), d)
		VFMADD231PS(both, key, d)
		e.store(d, dk)
		VFNMADD231PS(q, key, v)
		e.store(v, dst)
		VFMADD231PS(v, e.load(next), sum[0])
	})
	for _, p := range pointers(k, y, dk) {
		SUBQ(l.width, p)
	}
	for _, p := range pointers(beta, norms, products) {
		SUBQ(Imm(4), p)
	}
	DECQ(left)
	JNZ(LabelRef("backward"))

	result(total(sum), 1)
	gate, abs, best := scalar("gate"), absMask(), zeroed(1)
	l.vectors("end", func(e rowLane) {
		v := e.load(dst)
		VMULPS(gate, v, v)
		e.store(v, dst)
		VANDPS(abs, v, v)
		VPMAXSD(v, best[0], best[0])
	})
	result(largest(best), 0)
	finish()
}

// keysBehind is the distance in bytes from the first of n rows to the last.
func keysBehind(bytes, n reg.GPVirtual) reg.GPVirtual {
	d := GP64()
	MOVQ(n, d)
	DECQ(d)
	IMULQ(bytes, d)
	return d
}
