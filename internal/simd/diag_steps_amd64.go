//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

// diagLongest is the number of steps of the longest rows that go through the assembly: it fetches the next sixteen rows
// meanwhile, and they must not be evicted before their turn.
const diagLongest = 1 << 10

// diagWide32 reports whether rows go through the assembly. Rows a multiple of half a page apart share sets of the cache, which
// have no room for sixteen of them; four at a time, as the portable function takes them, are as fast as memory.
func diagWide32(n, stride int) bool { return cpu.AVX2 && n <= diagLongest && stride%512 != 0 }

func diagSteps32(x, a, b, state []float32, n, stride int, reverse bool) {
	blocks := n / 4
	if blocks == 0 || !diagWide32(n, stride) {
		diagStepsPortable(x, a, b, state, n, stride, reverse)
		return
	}
	for ; len(state) >= DiagRows; state = state[DiagRows:] {
		if rest := n % 4; rest > 0 && reverse {
			diagStepsPortable(behind(x, 4*blocks), a[4*blocks:], b[4*blocks:], state[:DiagRows], rest, stride, reverse)
		}
		diagBlocks(x, a, b, state, blocks, stride, reverse)
		if rest := n % 4; rest > 0 && !reverse {
			diagStepsPortable(behind(x, 4*blocks), a[4*blocks:], b[4*blocks:], state[:DiagRows], rest, stride, reverse)
		}
		if len(state) == DiagRows {
			return
		}
		x, a, b = behind(x, DiagRows*stride), a[DiagRows*stride:], b[DiagRows*stride:]
	}
	diagStepsPortable(x, a, b, state, n, stride, reverse)
}

// behind returns x[n:], or nil for nil.
func behind(x []float32, n int) []float32 {
	if x == nil {
		return nil
	}
	return x[n:]
}

// diagBlocks takes sixteen rows through blocks of four steps. A block has 16 bytes of each row and fetches 256 of the next rows.
func diagBlocks(x, a, b, state []float32, blocks, stride int, reverse bool) {
	ahead, step := 4*DiagRows*stride, 256-16
	steps, totals := widest(diagStepsAVX512, diagStepsAVX2), widest(diagTotalsAVX512, diagTotalsAVX2)
	if reverse {
		ahead, step = -16*(blocks-1)-256, -step
		steps, totals = widest(diagStepsBackAVX512, diagStepsBackAVX2), widest(diagTotalsBackAVX512, diagTotalsBackAVX2)
	}
	if x == nil {
		totals(&a[0], &b[0], &state[0], blocks, 4*stride, ahead, step)
	} else {
		steps(&x[0], &a[0], &b[0], &state[0], blocks, 4*stride, ahead, step)
	}
}

func product32(x []float32) float64 {
	if !cpu.AVX2 {
		return productPortable(x)
	}
	kernel, p := widest(productAVX512, productAVX2), 1.0
	for len(x) >= 32 {
		n := min(len(x), maxPiece) / 32
		p *= kernel(&x[0], n)
		x = x[32*n:]
	}
	return p * productPortable(x)
}
