//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

// One call computes the whole list: callers have some hundred short runs at most.

func multiplyRuns32(work []float32, runs []Run) {
	if !cpu.AVX2 {
		multiplyRunsPortable(work, runs)
		return
	}
	multiplyRunsAVX2(&work[0], &runs[0].To, len(runs))
}

func weighRuns32(dst, work, weight []float32, runs []Run) {
	if !cpu.AVX2 {
		weighRunsPortable(dst, work, weight, runs)
		return
	}
	weighRunsAVX2(&dst[0], &work[0], &weight[0], &runs[0].To, len(runs))
}
