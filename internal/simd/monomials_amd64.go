//go:build amd64 && !noasm

package simd

// An assembly call cannot be preempted: callers' blocks are a few thousand elements, and longer ones are
// cut.

func mulRows32(dst, src, x []float32, rows, stride int) {
	if !haveAVX2 {
		mulRowsPortable(dst, src, x, rows, stride)
		return
	}
	for step := max(1, longest/len(x)); rows > 0; rows -= step {
		n := min(rows, step)
		mulRowsAVX2(&dst[0], &src[0], &x[0], len(x), n, 4*stride)
		if rows > n {
			dst, src = dst[n*stride:], src[n*stride:]
		}
	}
}

func mulRowsBackward32(dx, dsrc, ddst, src, x []float32, rows, stride int) {
	if !haveAVX2 {
		mulRowsBackwardPortable(dx, dsrc, ddst, src, x, rows, stride)
		return
	}
	for step := max(1, longest/len(x)); rows > 0; rows -= step {
		n := min(rows, step)
		mulRowsBackwardAVX2(&dx[0], &dsrc[0], &ddst[0], &src[0], &x[0], len(x), n, 4*stride)
		if rows > n {
			dsrc, ddst, src = dsrc[n*stride:], ddst[n*stride:], src[n*stride:]
		}
	}
}

func addWeighted32(dst, w, src []float32, rows, strideW, stride int) {
	if !haveAVX2 {
		addWeightedPortable(dst, w, src, rows, strideW, stride)
		return
	}
	for step := max(1, longest/len(dst)); rows > 0; rows -= step {
		n := min(rows, step)
		addWeightedAVX2(&dst[0], &w[0], &src[0], len(dst), n, 4*strideW, 4*stride)
		if rows > n {
			w, src = w[n*strideW:], src[n*stride:]
		}
	}
}

func polynomial32(value, slope, x, c []float32) {
	if !haveAVX2 || len(c) == 1 {
		polynomialPortable(value, slope, x, c)
		return
	}
	for len(x) > 0 {
		n := min(len(x), longest)
		if slope == nil {
			polynomialAVX2(&value[0], &x[0], n, &c[0], len(c)-1)
		} else {
			polynomialSlopeAVX2(&value[0], &slope[0], &x[0], n, &c[0], len(c)-1)
			slope = slope[n:]
		}
		value, x = value[n:], x[n:]
	}
}

// multiplyRuns32 and weighRuns32 make one call: a list has some hundred runs at most, and they are short.
func multiplyRuns32(work []float32, runs []Run) {
	if !haveAVX2 {
		multiplyRunsPortable(work, runs)
		return
	}
	multiplyRunsAVX2(&work[0], &runs[0].To, len(runs))
}

func weighRuns32(dst, work, weight []float32, runs []Run) {
	if !haveAVX2 {
		weighRunsPortable(dst, work, weight, runs)
		return
	}
	weighRunsAVX2(&dst[0], &work[0], &weight[0], &runs[0].To, len(runs))
}

func dotRows32(dst, x, a []float32, stride int) {
	if !haveAVX2 {
		dotRowsPortable(dst, x, a, stride)
		return
	}
	for from := 0; from < len(x); from += longest {
		n := min(longest, len(x)-from)
		if haveAVX512 && n*len(dst) <= longest {
			dotRowsWide(&dst[0], &x[from], &a[from], n, len(dst), 4*stride)
			continue
		}
		for r, step := 0, max(1, longest/n); r < len(dst); r += step {
			dotRowsAVX2(&dst[r], &x[from], &a[r*stride+from], n, min(step, len(dst)-r), 4*stride)
		}
	}
}
