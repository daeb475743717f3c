//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func sum32(x []float32) float32 {
	if !cpu.AVX2 {
		return sumPortable(x)
	}
	return sums(x, sumAVX2)
}

func sumSquares32(x []float32) float32 {
	if !cpu.AVX2 {
		return dotPortable(x, x)
	}
	return sums(x, sumSquaresAVX2)
}

// sums adds a kernel's results over the pieces of x.
func sums(x []float32, kernel func(x *float32, n int) float32) float32 {
	if len(x) <= maxPiece {
		if len(x) == 0 {
			return 0
		}
		return kernel(&x[0], len(x))
	}
	var sum float64
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		sum += float64(kernel(&x[0], n))
		x = x[n:]
	}
	return float32(sum)
}

func dot32(x, y []float32) float32 {
	if !cpu.AVX2 {
		return dotPortable(x, y)
	}
	var sum float64
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		sum += float64(dotAVX2(&x[0], &y[0], n))
		x, y = x[n:], y[n:]
	}
	return float32(sum)
}

func max32(x []float32) float32 {
	if !cpu.AVX2 {
		return maxPortable(x)
	}
	best := x[0]
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		best = max(best, maxAVX2(&x[0], n))
		x = x[n:]
	}
	return best
}

func maxAbs32(x []float32) float32 {
	if !cpu.AVX2 {
		return maxAbsPortable(x)
	}
	var best float32
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		best = max(best, maxAbsAVX2(&x[0], n))
		x = x[n:]
	}
	return best
}

func argMax32(x []float32) int {
	top := max32(x)
	if !cpu.AVX2 {
		return indexOf(x, top)
	}
	for from := 0; from < len(x); from += maxPiece {
		if i := indexAVX2(&x[from], min(maxPiece, len(x)-from), top); i >= 0 {
			return from + i
		}
	}
	return -1 // not reached: the maximum is one of the elements
}
