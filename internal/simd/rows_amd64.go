//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func mulRows32(dst, src, x []float32, rows, stride int) {
	if !cpu.AVX2 {
		mulRowsPortable(dst, src, x, rows, stride)
		return
	}
	for step := max(1, maxPiece/len(x)); rows > 0; rows -= step {
		n := min(rows, step)
		mulRowsAVX2(&dst[0], &src[0], &x[0], len(x), n, 4*stride)
		if rows > n {
			dst, src = dst[n*stride:], src[n*stride:]
		}
	}
}

func mulRowsBackward32(dx, dsrc, ddst, src, x []float32, rows, stride int) {
	if !cpu.AVX2 {
		mulRowsBackwardPortable(dx, dsrc, ddst, src, x, rows, stride)
		return
	}
	for step := max(1, maxPiece/len(x)); rows > 0; rows -= step {
		n := min(rows, step)
		mulRowsBackwardAVX2(&dx[0], &dsrc[0], &ddst[0], &src[0], &x[0], len(x), n, 4*stride)
		if rows > n {
			dsrc, ddst, src = dsrc[n*stride:], ddst[n*stride:], src[n*stride:]
		}
	}
}

func addWeighted32(dst, w, src []float32, rows, strideW, stride int) {
	if !cpu.AVX2 {
		addWeightedPortable(dst, w, src, rows, strideW, stride)
		return
	}
	for step := max(1, maxPiece/len(dst)); rows > 0; rows -= step {
		n := min(rows, step)
		addWeightedAVX2(&dst[0], &w[0], &src[0], len(dst), n, 4*strideW, 4*stride)
		if rows > n {
			w, src = w[n*strideW:], src[n*stride:]
		}
	}
}

func dotRows32(dst, x, a []float32, stride int) {
	if !cpu.AVX2 {
		dotRowsPortable(dst, x, a, stride)
		return
	}
	for from := 0; from < len(x); from += maxPiece {
		n := min(maxPiece, len(x)-from)
		if cpu.AVX512 && n*len(dst) <= maxPiece {
			dotRowsAVX512(&dst[0], &x[from], &a[from], n, len(dst), 4*stride)
			continue
		}
		for r, step := 0, max(1, maxPiece/n); r < len(dst); r += step {
			dotRowsAVX2(&dst[r], &x[from], &a[r*stride+from], n, min(step, len(dst)-r), 4*stride)
		}
	}
}
