package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func expLogKernels() {
	mapKernel("expAVX2", "exp(src[i])", exp)
	mapKernel("logAVX2", "log(src[i])", log)
	mapKernel("log1pAVX2", "log(1 + src[i])", log1p)
	expSum()
	expSumOnly()
	wideMapKernel("expAVX512", "exp(src[i])", wideExp)
	wideMapKernel("logAVX512", "log(src[i])", wideLog)
}

// mapKernel writes a kernel that applies f to each element; value is the result in Go.
func mapKernel(name, value string, f func(vec) vec) {
	function(name, "func(dst, src *float32, n int)", mapLoop(value))
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	stream("loop", n, []int{2, 1}, pointers(dst, src), func(l lane) {
		l.store(f(l.load(src)), dst)
	})
	finish()
}

// wideMapKernel is mapKernel for vectors of 512 bits; prepare loads the constants of the function.
func wideMapKernel(name, value string, prepare func() func(vec) vec) {
	function(name, "func(dst, src *float32, n int)", mapLoop(value))
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	f := prepare()
	wideStream(n, pointers(dst, src), func(l wideLane) { l.store(f(l.load(src)), dst) })
	finish()
}

func mapLoop(value string) string {
	return fill(`is

	for i := range n {
		dst[i] = VALUE
	}`, "VALUE", value)
}

func expSum() {
	function("expSumAVX2", "func(dst, src *float32, n int, c float32) float32", `is

	var sum float32
	for i := range n {
		dst[i] = exp(src[i] - c)
		sum += dst[i]
	}
	return sum`)
	dst, src, n, c := pointer("dst"), pointer("src"), pointer("n"), scalar("c")
	sum := zeroed(2)
	stream("loop", n, []int{2, 1}, pointers(dst, src), func(l lane) {
		x := l.load(src)
		VSUBPS(c, x, x)
		y := exp(x)
		l.store(y, dst)
		l.only(y)
		VADDPS(y, sum[l.u], sum[l.u])
	})
	result(total(sum), 0)
	finish()
}

func expSumOnly() {
	function("expSumOnlyAVX2", "func(src *float32, n int, c float32) float32", `is

	var sum float32
	for i := range n {
		sum += exp(src[i] - c)
	}
	return sum`)
	src, n, c := pointer("src"), pointer("n"), scalar("c")
	sum := zeroed(2)
	stream("loop", n, []int{2, 1}, pointers(src), func(l lane) {
		x := l.load(src)
		VSUBPS(c, x, x)
		y := exp(x)
		l.only(y)
		VADDPS(y, sum[l.u], sum[l.u])
	})
	result(total(sum), 0)
	finish()
}
