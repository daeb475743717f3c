package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func reduceKernels() {
	sum()
	sumSquares()
	dot()
	maxAbs()
	maximum()
	indexOf()
}

// reduceSteps are the numbers of vectors of the loops' steps.
var reduceSteps = []int{8, 2, 1}

func sum() {
	function("sumAVX2", "func(x *float32, n int) float32", `is

	var sum float32
	for i := range n {
		sum += x[i]
	}
	return sum`)
	x, n, acc := pointer("x"), pointer("n"), zeroed(8)
	stream("loop", n, reduceSteps, pointers(x), func(l lane) {
		l.ahead(x)
		if l.mask == nil {
			VADDPS(l.at(x), acc[l.u], acc[l.u])
		} else {
			VADDPS(l.load(x), acc[l.u], acc[l.u])
		}
	})
	result(total(acc), 0)
	finish()
}

func sumSquares() {
	function("sumSquaresAVX2", "func(x *float32, n int) float32", `is

	var sum float32
	for i := range n {
		sum += x[i] * x[i]
	}
	return sum`)
	x, n, acc := pointer("x"), pointer("n"), zeroed(8)
	stream("loop", n, reduceSteps, pointers(x), func(l lane) {
		v := l.load(x)
		VFMADD231PS(v, v, acc[l.u])
	})
	result(total(acc), 0)
	finish()
}

func dot() {
	function("dotAVX2", "func(x, y *float32, n int) float32", `is

	var sum float32
	for i := range n {
		sum += x[i] * y[i]
	}
	return sum`)
	x, y := pointer("x"), pointer("y")
	n, acc := pointer("n"), zeroed(8)
	stream("loop", n, reduceSteps, pointers(x, y), func(l lane) {
		v := l.load(x)
		if l.mask == nil {
			VFMADD231PS(l.at(y), v, acc[l.u])
		} else {
			VFMADD231PS(l.load(y), v, acc[l.u])
		}
	})
	result(total(acc), 0)
	finish()
}

// absMask clears the sign. The bits of magnitudes order as integers, with NaN above infinity, so integer
// maxima find the largest magnitude and keep NaN.
func absMask() vec { return loaded(bitsConstant("abs", 1<<31-1)) }

// largest is the maximum of all integers in the vectors.
func largest(v []vec) vec {
	for n := len(v); n > 1; n = (n + 1) / 2 {
		for i := range n / 2 {
			VPMAXSD(v[n-1-i], v[i], v[i])
		}
	}
	high, other := XMM(), XMM()
	VEXTRACTI128(Imm(1), v[0], high)
	VPMAXSD(v[0].AsX(), high, high)
	VPSHUFD(Imm(0x4e), high, other)
	VPMAXSD(other, high, high)
	VPSHUFD(Imm(0xb1), high, other)
	VPMAXSD(other, high, high)
	return high
}

func maxAbs() {
	function("maxAbsAVX2", "func(x *float32, n int) float32", `is

	var largest float32
	for i := range n {
		largest = max(largest, abs(x[i])) // NaN if one is NaN
	}
	return largest`)
	x, n := pointer("x"), pointer("n")
	abs := absMask()
	acc := zeroed(8)
	stream("loop", n, reduceSteps, pointers(x), func(l lane) {
		v := l.load(x)
		VANDPS(abs, v, v)
		VPMAXSD(v, acc[l.u], acc[l.u])
	})
	result(largest(acc), 0)
	finish()
}

// maximum keeps NaN by collecting the results of comparisons, one for two vectors.
func maximum() {
	function("maxAVX2", "func(x *float32, n int) float32", `is

	largest := -inf
	for i := range n {
		largest = max(largest, x[i]) // NaN if one is NaN
	}
	return largest`)
	x, n := pointer("x"), pointer("n")
	lowest := bitsConstant("minusInfinity", 0xff800000)
	best := []vec{loaded(lowest), loaded(lowest), loaded(lowest), loaded(lowest)}
	unordered := zeroed(2)
	var previous vec
	stream("loop", n, []int{8, 1}, pointers(x), func(l lane) {
		l.ahead(x)
		v := l.load(x)
		if l.mask != nil {
			VBLENDVPS(*l.mask, v, loaded(lowest), v)
		}
		VMAXPS(v, best[l.u%4], best[l.u%4])
		if l.step > 1 && l.u%2 == 0 {
			previous = v
			return
		}
		if l.step == 1 {
			previous = v // nothing to pair it with
		}
		is := YMM()
		VCMPPS(Imm(cmpUnordered), previous, v, is)
		VORPS(is, unordered[l.u/2%2], unordered[l.u/2%2])
	})
	VORPS(unordered[1], unordered[0], unordered[0])
	for i := range 2 {
		VMAXPS(best[i+2], best[i], best[i])
	}
	VMAXPS(best[1], best[0], best[0])
	high, other := XMM(), XMM()
	VEXTRACTF128(Imm(1), best[0], high)
	VMAXPS(best[0].AsX(), high, high)
	VPSHUFD(Imm(0x4e), high, other)
	VMAXPS(other, high, high)
	VPSHUFD(Imm(0xb1), high, other)
	VMAXPS(other, high, high)
	found := GP32()
	VMOVMSKPS(unordered[0], found)
	TESTL(found, found)
	JZ(LabelRef("ordered"))
	VMOVUPS(bitsConstant("nan", 0x7fc00000), high)
	Label("ordered")
	result(high, 0)
	finish()
}

func indexOf() {
	function("indexAVX2", "func(x *float32, n int, v float32) int", `is

	for i := range n {
		if x[i] == v || isNaN(x[i]) && isNaN(v) {
			return i
		}
	}
	return -1`)
	x, n, v := pointer("x"), pointer("n"), scalar("v")
	begin := GP64()
	MOVQ(x, begin)
	nan := YMM()
	VCMPPS(Imm(cmpUnordered), v, v, nan) // all ones if v is NaN
	found := GP32()
	stream("loop", n, []int{1}, pointers(x), func(l lane) {
		u := l.load(x)
		is, other := YMM(), YMM()
		VCMPPS(Imm(cmpUnordered), u, u, other)
		VANDPS(nan, other, other)
		VCMPPS(Imm(cmpEqual), v, u, is)
		VORPS(other, is, is)
		l.only(is)
		VMOVMSKPS(is, found)
		TESTL(found, found)
		JNZ(LabelRef("hit"))
	})
	at := GP64()
	MOVQ(I32(-1), at)
	Store(at, ReturnIndex(0))
	finish()
	Label("hit")
	BSFL(found, found)
	SUBQ(begin, x)
	SHRQ(Imm(2), x)
	bit := found.As64()
	ADDQ(bit, x)
	Store(x, ReturnIndex(0))
	finish()
}
