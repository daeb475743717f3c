//go:build amd64 && !noasm

package simd

import "unsafe"

// longest is the number of elements that one call of an assembly function gets, because it cannot be
// preempted: some tens of microseconds.
const longest = 1 << 16

// map32 runs an elementwise kernel, or its portable twin.
func map32(dst, src []float32, kernel func(dst, src *float32, n int), portable func(dst, src []float32)) {
	if !haveAVX2 {
		portable(dst, src)
		return
	}
	for len(src) > 0 {
		n := min(len(src), longest)
		kernel(&dst[0], &src[0], n)
		dst, src = dst[n:], src[n:]
	}
}

// widest is the kernel for the widest vectors of the machine.
func widest[T any](wide, narrow T) T {
	if haveAVX512 {
		return wide
	}
	return narrow
}

func exp32(dst, src []float32)        { map32(dst, src, widest(expWide, expAVX2), expPortable[float32]) }
func log32(dst, src []float32)        { map32(dst, src, widest(logWide, logAVX2), logPortable[float32]) }
func log1p32(dst, src []float32)      { map32(dst, src, log1pAVX2, log1pPortable[float32]) }
func sigmoid32(dst, src []float32)    { map32(dst, src, sigmoidAVX2, sigmoidPortable[float32]) }
func logSigmoid32(dst, src []float32) { map32(dst, src, logSigmoidAVX2, logSigmoidPortable[float32]) }
func tanh32(dst, src []float32)       { map32(dst, src, tanhAVX2, tanhPortable[float32]) }

func expSum32(dst, src []float32, c float32) float32 {
	if !haveAVX2 {
		return expSumPortable(dst, src, c)
	}
	var sum float64 // of the pieces: long sums lose less
	for len(src) > 0 {
		n := min(len(src), longest)
		sum += float64(expSumAVX2(&dst[0], &src[0], n, c))
		dst, src = dst[n:], src[n:]
	}
	return float32(sum)
}

func expSumOnly32(src []float32, c float32) float32 {
	if !haveAVX2 {
		return expSumOnlyPortable(src, c)
	}
	var sum float64
	for len(src) > 0 {
		n := min(len(src), longest)
		sum += float64(expSumOnlyAVX2(&src[0], n, c))
		src = src[n:]
	}
	return float32(sum)
}

func add32(dst, x, y []float32) {
	if !haveAVX2 {
		addPortable(dst, x, y)
		return
	}
	for len(x) > 0 {
		n := min(len(x), longest)
		addAVX2(&dst[0], &x[0], &y[0], n)
		dst, x, y = dst[n:], x[n:], y[n:]
	}
}

func mul32(dst, x, y []float32) {
	if !haveAVX2 {
		mulPortable(dst, x, y)
		return
	}
	for len(x) > 0 {
		n := min(len(x), longest)
		mulAVX2(&dst[0], &x[0], &y[0], n)
		dst, x, y = dst[n:], x[n:], y[n:]
	}
}

func scale32(dst []float32, alpha float32, x []float32) {
	if !haveAVX2 {
		scalePortable(dst, alpha, x)
		return
	}
	for len(x) > 0 {
		n := min(len(x), longest)
		scaleAVX2(&dst[0], &x[0], n, alpha)
		dst, x = dst[n:], x[n:]
	}
}

func addScaled32(dst []float32, alpha float32, x []float32) {
	if !haveAVX2 {
		addScaledPortable(dst, alpha, x)
		return
	}
	for len(x) > 0 {
		n := min(len(x), longest)
		addScaledAVX2(&dst[0], &x[0], n, alpha)
		dst, x = dst[n:], x[n:]
	}
}

func scaleAddMaxAbs32(dst []float32, a float32, x []float32, b float32, y []float32) float32 {
	if !haveAVX2 {
		return scaleAddMaxAbsPortable(dst, a, x, b, y)
	}
	var best float32
	for len(x) > 0 {
		n := min(len(x), longest)
		best = max(best, scaleAddMaxAbsAVX2(&dst[0], &x[0], &y[0], n, a, b)) // the built-in max keeps NaN
		dst, x, y = dst[n:], x[n:], y[n:]
	}
	return best
}

// sums adds a kernel's results over the pieces of x.
func sums(x []float32, kernel func(x *float32, n int) float32) float32 {
	if len(x) <= longest {
		if len(x) == 0 {
			return 0
		}
		return kernel(&x[0], len(x))
	}
	var sum float64
	for len(x) > 0 {
		n := min(len(x), longest)
		sum += float64(kernel(&x[0], n))
		x = x[n:]
	}
	return float32(sum)
}

func sum32(x []float32) float32 {
	if !haveAVX2 {
		return sumPortable(x)
	}
	return sums(x, sumAVX2)
}

func sumSquares32(x []float32) float32 {
	if !haveAVX2 {
		return dotPortable(x, x)
	}
	return sums(x, sumSquaresAVX2)
}

func dot32(x, y []float32) float32 {
	if !haveAVX2 {
		return dotPortable(x, y)
	}
	var sum float64
	for len(x) > 0 {
		n := min(len(x), longest)
		sum += float64(dotAVX2(&x[0], &y[0], n))
		x, y = x[n:], y[n:]
	}
	return float32(sum)
}

func max32(x []float32) float32 {
	if !haveAVX2 {
		return maxPortable(x)
	}
	best := x[0]
	for len(x) > 0 {
		n := min(len(x), longest)
		best = max(best, maxAVX2(&x[0], n))
		x = x[n:]
	}
	return best
}

func maxAbs32(x []float32) float32 {
	if !haveAVX2 {
		return maxAbsPortable(x)
	}
	var best float32
	for len(x) > 0 {
		n := min(len(x), longest)
		best = max(best, maxAbsAVX2(&x[0], n))
		x = x[n:]
	}
	return best
}

func argMax32(x []float32) int {
	top := max32(x)
	if !haveAVX2 {
		return indexOf(x, top)
	}
	for from := 0; from < len(x); from += longest {
		if i := indexAVX2(&x[from], min(longest, len(x)-from), top); i >= 0 {
			return from + i
		}
	}
	return -1 // not reached: the maximum is one of the elements
}

func layerNorm32(dst, x, weight, bias []float32, eps float32) (mean, rstd float32) {
	if !haveAVX2 {
		return layerNormPortable(dst, x, weight, bias, eps)
	}
	return layerNormAVX2(&dst[0], &x[0], &weight[0], &bias[0], len(x), eps)
}

func layerNormBackward32(dx, dy, x, weight []float32, mean, rstd float32, dweight, dbias []float32) {
	if !haveAVX2 {
		layerNormBackwardPortable(dx, dy, x, weight, mean, rstd, dweight, dbias)
		return
	}
	layerNormBackwardAVX2(&dx[0], &dy[0], &x[0], &weight[0], &dweight[0], &dbias[0], len(x), mean, rstd)
}

func gluRows32(dst, x []float32, d int) {
	if !haveAVX2 {
		gluRowsPortable(dst, x, d)
		return
	}
	eachBlock(len(dst)/d, d, func(row, rows, from, n int) {
		at := 2*row*d + from
		gluAVX2(&dst[row*d+from], &x[at], &x[at+d], n, rows, 4*d, 8*d)
	})
}

func gluBackwardRows32(dx, dy, x []float32, d int) {
	if !haveAVX2 {
		gluBackwardRowsPortable(dx, dy, x, d)
		return
	}
	eachBlock(len(dy)/d, d, func(row, rows, from, n int) {
		at := 2*row*d + from
		gluBackwardAVX2(&dy[row*d+from], &dx[at], &dx[at+d], &x[at], &x[at+d], n, rows, 4*d, 8*d)
	})
}

// eachBlock cuts rows of d numbers into blocks of the length that one call gets: n numbers, from one on,
// of several rows.
func eachBlock(rows, d int, body func(row, rows, from, n int)) {
	for from := 0; from < d; from += longest {
		n := min(longest, d-from)
		for row, step := 0, longest/n; row < rows; row += step {
			body(row, min(step, rows-row), from, n)
		}
	}
}

func adamW32(value, grad, m, v []float32, h adamWFactors[float32]) {
	if !haveAVX2 {
		adamWPortable(value, grad, m, v, h)
		return
	}
	for len(value) > 0 {
		n := min(len(value), longest)
		adamWAVX2(&value[0], &grad[0], &m[0], &v[0], n, (*float32)(unsafe.Pointer(&h)))
		value, grad, m, v = value[n:], grad[n:], m[n:], v[n:]
	}
}
