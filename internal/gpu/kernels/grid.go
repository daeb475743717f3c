package kernels

import (
	"math/bits"

	"goomtrain/internal/gpu"
)

// threads is the size of a block of the kernels that treat numbers or rows by themselves.
const threads = 256

// flat returns a grid with a thread for each of n numbers.
func flat(n int) gpu.Dim { return gpu.Line((n + threads - 1) / threads) }

// flatFours returns a grid with a thread for every four of n numbers.
func flatFours(n int) gpu.Dim { return flat((n + 3) / 4) }

// shiftOf returns the logarithm of the smallest power of two that is not below n.
func shiftOf(n int) int { return bits.Len(uint(max(1, n) - 1)) }

// rowGrid returns a grid for rows of which each has 2^shift threads.
func rowGrid(rows, shift int) gpu.Dim {
	each := threads >> shift
	return gpu.Line((rows + each - 1) / each)
}

// byRow returns a grid for an array [rows, width], and the shift of rows.h: 2^shift lanes take a row.
func byRow(rows, width int) (grid gpu.Dim, shift int) {
	shift = min(8, shiftOf(width))
	return rowGrid(rows, shift), shift
}

// byRowFours is byRow for kernels whose lanes take four numbers at once.
func byRowFours(rows, width int) (grid gpu.Dim, shift int) { return byRow(rows, (width+3)/4) }

func ptr(p gpu.Ptr) uint64 { return uint64(p) }
