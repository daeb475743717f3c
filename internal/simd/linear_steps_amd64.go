//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func linearSteps32(state []float32, o, q, k, v Steps[float32], n, rows, columns int, reverse bool) {
	if !cpu.AVX2 {
		linearStepsPortable(state, o, q, k, v, n, rows, columns, reverse)
		return
	}
	by3 := n / 3 * 3
	linearPieces(linearStepsBy3AVX2, state, o, q, k, v, n, 0, by3, max(1, maxPiece/(3*rows*columns))*3, rows, columns, reverse)
	linearPieces(linearStepsAVX2, state, o, q, k, v, n, by3, n, max(1, maxPiece/(rows*columns)), rows, columns, reverse)
}

// linearPieces takes the state through steps lo to hi, counted from the end if reverse is true, at most so many in one
// call of the kernel.
func linearPieces(kernel func(state, o, q, k, v *float32, n, rows, columns, strideO, strideQ, strideK, strideV int),
	state []float32, o, q, k, v Steps[float32], n, lo, hi, most, rows, columns int, reverse bool) {
	for ; lo < hi; lo += most {
		count := min(most, hi-lo)
		first, sign := lo, 4
		if reverse {
			first, sign = n-1-lo, -4
		}
		kernel(&state[0], &o.Data[first*o.Stride], &q.Data[first*q.Stride], &k.Data[first*k.Stride], &v.Data[first*v.Stride],
			count, rows, columns, sign*o.Stride, sign*q.Stride, sign*k.Stride, sign*v.Stride)
	}
}

func mulSteps32(dst, src, x Steps[float32], n, width int, alpha float32) {
	if !cpu.AVX2 {
		mulStepsPortable(dst, src, x, n, width, alpha)
		return
	}
	for t, step := 0, 1+maxPiece/width; t < n; t += step {
		mulStepsAVX2(&dst.Data[t*dst.Stride], &src.Data[t*src.Stride], &x.Data[t*x.Stride], min(step, n-t), width,
			4*dst.Stride, 4*src.Stride, 4*x.Stride, alpha)
	}
}

func scaleSteps32(dst, src Steps[float32], x []float32, width int, alpha float32) {
	if !cpu.AVX2 {
		scaleStepsPortable(dst, src, x, width, alpha)
		return
	}
	for t, step := 0, 1+maxPiece/width; t < len(x); t += step {
		scaleStepsAVX2(&dst.Data[t*dst.Stride], &src.Data[t*src.Stride], &x[t], min(step, len(x)-t), width,
			4*dst.Stride, 4*src.Stride, alpha)
	}
}

func runningSums32(dst, src Steps[float32], n, width int) (steepest, deepest float32) {
	if !cpu.AVX2 || n*width > maxPiece {
		return runningSumsPortable(dst, src, n, width)
	}
	return runningSumsAVX2(&dst.Data[0], &src.Data[0], n, width, 4*dst.Stride, 4*src.Stride)
}

func decaySums32(sum []float32, dg, q, dq, k, dk Steps[float32], n int) {
	if !cpu.AVX2 {
		decaySumsPortable(sum, dg, q, dq, k, dk, n)
		return
	}
	for step := 1 + maxPiece/len(sum); n > 0; n -= step {
		t, count := n-1, min(n, step)
		decaySumsAVX2(&sum[0], &dg.Data[t*dg.Stride], &q.Data[t*q.Stride], &dq.Data[t*dq.Stride], &k.Data[t*k.Stride], &dk.Data[t*dk.Stride],
			len(sum), count, 4*dg.Stride, 4*q.Stride, 4*dq.Stride, 4*k.Stride, 4*dk.Stride)
	}
}
