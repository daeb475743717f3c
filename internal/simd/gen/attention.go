package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func attentionKernels() {
	softmaxRow()
	wideSoftmaxRow()
	attentionSlopes()
	wideAttentionSlopes()
	transposeRows()
}

const softmaxRowDoc = `is, with a sum for each i modulo 16 and NaN in x left out of the maximum,

	for i := range n {
		largest = max(largest, x[i])
	}
	for i := range n {
		x[i] = exp(x[i] - largest)
		sum += x[i]
	}
	return largest, sum`

// pairs emits a loop over the n floats at p, two vectors of eight at a time, and then over the rest, for which both are
// masked. It uses up n and p.
func pairs(name string, n, p reg.GPVirtual, body func(l lane)) {
	SUBQ(Imm(16), n)
	JLT(LabelRef(name + "Rest"))
	Label(name)
	body(lane{u: 0})
	body(lane{u: 1})
	ADDQ(Imm(64), p)
	SUBQ(Imm(16), n)
	JGE(LabelRef(name))
	Label(name + "Rest")
	ADDQ(Imm(16), n)
	JZ(LabelRef(name + "Done"))
	at, first, rest, zero := GP64(), GP64(), GP64(), GP64()
	LEAQ(tailMask(), at)
	XORQ(zero, zero)
	MOVQ(n, rest)
	SUBQ(Imm(8), rest)
	CMOVQLT(zero, rest) // of the second vector
	MOVQ(n, first)
	SUBQ(rest, first)
	for u, count := range []reg.GPVirtual{first, rest} {
		mask := YMM()
		NEGQ(count)
		VMOVDQU(Mem{Base: at, Index: count, Scale: 4, Disp: 32}, mask)
		body(lane{u: u, mask: &mask})
	}
	Label(name + "Done")
}

func softmaxRow() {
	function("softmaxRowAVX2", "func(x *float32, n int, floor float32) (largest, sum float32)", softmaxRowDoc)
	x, n, best := pointer("x"), pointer("n"), scalar("floor")
	p, left := GP64(), GP64()
	MOVQ(x, p)
	MOVQ(n, left)
	pairs("max", left, p, func(l lane) {
		v := l.load(p)
		if l.mask != nil {
			VBLENDVPS(*l.mask, v, best, v)
		}
		VMAXPS(best, v, best) // the order of the operands leaves NaN out
	})
	c := allMax(best)
	sum := zeroed(2)
	pairs("exp", n, x, func(l lane) {
		v := l.load(x)
		VSUBPS(c, v, v)
		y := exp(v)
		l.store(y, x)
		l.only(y)
		VADDPS(y, sum[l.u], sum[l.u])
	})
	result(c, 0)
	result(total(sum), 1)
	finish()
}

// allMax returns the largest element of v in every place.
func allMax(v vec) vec {
	other := YMM()
	VPERM2F128(Imm(1), v, v, other)
	VMAXPS(other, v, v)
	for _, swap := range []uint64{0x4e, 0xb1} { // pairs, then neighbors
		VPERMILPS(Imm(swap), v, other)
		VMAXPS(other, v, v)
	}
	return v
}

func wideSoftmaxRow() {
	function("softmaxRowAVX512", "func(x *float32, n int, floor float32) (largest, sum float32)", softmaxRowDoc)
	x, n, best := pointer("x"), pointer("n"), wideScalar("floor")
	p, left := GP64(), GP64()
	MOVQ(x, p)
	MOVQ(n, left)
	wideVectors("max", left, p, func(l wideLane) {
		if l.mask != nil {
			VMAXPS(best, l.load(p), *l.mask, best)
			return
		}
		VMAXPS(best, l.load(p), best)
	})
	high := YMM()
	VEXTRACTF64X4(Imm(1), best, high)
	VMAXPS(high, best.AsY(), high)
	low := allMax(high)
	c := ZMM()
	VBROADCASTSS(low.AsX(), c)
	sum, exp := ZMM(), wideExp()
	VPXORQ(sum, sum, sum)
	wideVectors("exp", n, x, func(l wideLane) {
		v := l.load(x)
		VSUBPS(c, v, v)
		y := exp(v)
		l.store(y, x)
		if l.mask != nil {
			VADDPS(y, sum, *l.mask, sum)
			return
		}
		VADDPS(y, sum, sum)
	})
	result(low, 0)
	rest := YMM()
	VEXTRACTF64X4(Imm(1), sum, rest)
	VADDPS(rest, sum.AsY(), rest)
	result(total([]vec{rest}), 1)
	finish()
}

// wideVectors emits a loop over the n floats at p, a vector of sixteen at a time, the rest masked. It uses up n and p.
func wideVectors(name string, n, p reg.GPVirtual, body func(l wideLane)) {
	SUBQ(Imm(16), n)
	JLT(LabelRef(name + "Rest"))
	Label(name)
	body(wideLane{})
	ADDQ(Imm(64), p)
	SUBQ(Imm(16), n)
	JGE(LabelRef(name))
	Label(name + "Rest")
	ADDQ(Imm(16), n)
	JZ(LabelRef(name + "Done"))
	bits, mask := GP32(), K()
	MOVL(U32(0xffff), bits)
	BZHIL(n.As32(), bits, bits)
	KMOVW(bits, mask)
	body(wideLane{mask: &mask})
	Label(name + "Done")
}

const attentionSlopesDoc = `is

	for i := range n {
		p[i] = exp(p[i] - c)
		ds[i] = p[i] * (ds[i] - d)
	}`

func attentionSlopes() {
	function("attentionSlopesAVX2", "func(p, ds *float32, n int, c, d float32)", attentionSlopesDoc)
	p, ds, n, c, d := pointer("p"), pointer("ds"), pointer("n"), scalar("c"), scalar("d")
	stream("loop", n, []int{2, 1}, pointers(p, ds), func(l lane) {
		v, g := l.load(p), l.load(ds)
		VSUBPS(c, v, v)
		y := exp(v)
		VSUBPS(d, g, g)
		VMULPS(y, g, g)
		l.store(y, p)
		l.store(g, ds)
	})
	finish()
}

func wideAttentionSlopes() {
	function("attentionSlopesAVX512", "func(p, ds *float32, n int, c, d float32)", attentionSlopesDoc)
	p, ds, n, c, d := pointer("p"), pointer("ds"), pointer("n"), wideScalar("c"), wideScalar("d")
	exp := wideExp()
	wideStream(n, pointers(p, ds), func(l wideLane) {
		v, g := l.load(p), l.load(ds)
		VSUBPS(c, v, v)
		y := exp(v)
		VSUBPS(d, g, g)
		VMULPS(y, g, g)
		l.store(y, p)
		l.store(g, ds)
	})
	finish()
}

// transposeRows writes eight rows of 8*blocks floats as columns.
func transposeRows() {
	function("transposeAVX2", "func(dst, src *float32, strideDst, strideSrc, blocks int)", `is, with strides counted in elements,

	for p := range 8 * blocks {
		for i := range 8 {
			dst[p*strideDst+i] = src[i*strideSrc+p]
		}
	}`)
	dst, src, d, s, blocks := pointer("dst"), pointer("src"), pointer("strideDst"), pointer("strideSrc"), pointer("blocks")
	SHLQ(Imm(2), d)
	SHLQ(Imm(2), s)
	s3, src4, d3, dst4 := GP64(), GP64(), GP64(), GP64()
	LEAQ(Mem{Base: s, Index: s, Scale: 2}, s3)
	LEAQ(Mem{Base: src, Index: s, Scale: 4}, src4)
	LEAQ(Mem{Base: d, Index: d, Scale: 2}, d3)
	Label("loop")
	LEAQ(Mem{Base: dst, Index: d, Scale: 4}, dst4)
	columns := append(fourRows(dst, d, d3), fourRows(dst4, d, d3)...)
	transposeEight(src, src4, s, s3, func(p int, column vec) { VMOVUPS(column, columns[p]) })
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), src4)
	LEAQ(Mem{Base: dst4, Index: d, Scale: 4}, dst)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	finish()
}
