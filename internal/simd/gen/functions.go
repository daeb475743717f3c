package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func functionKernels() {
	tail := tailMask()
	for _, f := range []struct {
		name, doc string
		f         func(vec) vec
	}{
		{"exp", "sets dst[i] = exp(src[i]).", exp},
		{"log", "sets dst[i] = log(src[i]).", log},
		{"log1p", "sets dst[i] = log(1+src[i]).", log1p},
		{"sigmoid", "sets dst[i] = 1/(1+exp(-src[i])).", sigmoid},
		{"logSigmoid", "sets dst[i] = -log(1+exp(-src[i])).", logSigmoid},
		{"tanh", "sets dst[i] = tanh(src[i]).", tanh},
	} {
		function(f.name+"AVX2", "func(dst, src *float32, n int)", f.doc)
		dst, src, n := pointer("dst"), pointer("src"), pointer("n")
		stream("loop", tail, n, []int{2, 1}, pointers(dst, src), func(l lane) {
			l.store(f.f(l.load(src)), dst)
		})
		finish()
	}

	function("expSumAVX2", "func(dst, src *float32, n int, c float32) float32", "sets dst[i] = exp(src[i]-c) and returns the sum.")
	dst, src, n, c := pointer("dst"), pointer("src"), pointer("n"), scalar("c")
	sum := zeroed(2)
	stream("loop", tail, n, []int{2, 1}, pointers(dst, src), func(l lane) {
		x := l.load(src)
		VSUBPS(c, x, x)
		y := exp(x)
		l.store(y, dst)
		l.only(y)
		VADDPS(y, sum[l.u], sum[l.u])
	})
	result(total(sum), 0)
	finish()

	function("expSumOnlyAVX2", "func(src *float32, n int, c float32) float32", "returns the sum of exp(src[i]-c).")
	src, n, c = pointer("src"), pointer("n"), scalar("c")
	sum = zeroed(2)
	stream("loop", tail, n, []int{2, 1}, pointers(src), func(l lane) {
		x := l.load(src)
		VSUBPS(c, x, x)
		y := exp(x)
		l.only(y)
		VADDPS(y, sum[l.u], sum[l.u])
	})
	result(total(sum), 0)
	finish()
}
