//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func softmaxRow32(x []float32, floor float32) (largest, sum float32) {
	switch {
	case !cpu.AVX2:
		return softmaxRowPortable(x, floor)
	case len(x) > maxPiece: // in pieces, because a call of assembly cannot be preempted
		largest = floor
		for rest := x; len(rest) > 0; rest = rest[min(maxPiece, len(rest)):] {
			if m := max32(rest[:min(maxPiece, len(rest))]); m > largest {
				largest = m
			}
		}
		return largest, expSum32(x, x, largest)
	case cpu.AVX512:
		return softmaxRowAVX512(&x[0], len(x), floor)
	}
	return softmaxRowAVX2(&x[0], len(x), floor)
}

func attentionSlopes32(p, ds []float32, c, d float32) {
	if !cpu.AVX2 {
		attentionSlopesPortable(p, ds, c, d)
		return
	}
	for lo := 0; lo < len(p); lo += maxPiece {
		n := min(maxPiece, len(p)-lo)
		if cpu.AVX512 {
			attentionSlopesAVX512(&p[lo], &ds[lo], n, c, d)
		} else {
			attentionSlopesAVX2(&p[lo], &ds[lo], n, c, d)
		}
	}
}

func transpose32(dst []float32, strideDst int, src []float32, strideSrc, rows, columns int) {
	if !cpu.AVX2 {
		transposePortable(dst, strideDst, src, strideSrc, rows, columns)
		return
	}
	blocks := columns / 8
	i := 0
	for ; i+8 <= rows && blocks > 0; i += 8 {
		for from := 0; from < blocks; from += maxPiece / 64 {
			transposeAVX2(&dst[8*from*strideDst+i], &src[i*strideSrc+8*from], strideDst, strideSrc, min(maxPiece/64, blocks-from))
		}
	}
	if done := 8 * blocks; done < columns && i > 0 {
		transposePortable(dst[done*strideDst:], strideDst, src[done:], strideSrc, i, columns-done)
	}
	if i < rows {
		transposePortable(dst[i:], strideDst, src[i*strideSrc:], strideSrc, rows-i, columns)
	}
}
