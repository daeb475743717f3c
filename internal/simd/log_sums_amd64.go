//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func relativeLogs32(dst []float32, logs []float64, m, mu []float32) {
	if !cpu.AVX2 {
		relativeLogsPortable(dst, logs, m, mu)
		return
	}
	n := len(mu)
	for r, step := 0, max(1, maxPiece/n); r < len(m); r += step {
		relativeLogsAVX2(&dst[r*n], &logs[r*n], &m[r], &mu[0], n, min(step, len(m)-r))
	}
}

func maxRelativeLogs32(mu []float32, logs []float64, m []float32) {
	if !cpu.AVX2 {
		maxRelativeLogsPortable(mu, logs, m)
		return
	}
	n := len(mu)
	for r, step := 0, max(1, maxPiece/n); r < len(m); r += step {
		maxRelativeLogsAVX2(&mu[0], &logs[r*n], &m[r], n, min(step, len(m)-r))
	}
}

func addLogs32(dst, x []float64, y []float32) {
	if !cpu.AVX2 {
		addLogsPortable(dst, x, y)
		return
	}
	for i := 0; i < len(y); i += maxPiece {
		addLogsAVX2(&dst[i], &x[i], &y[i], min(maxPiece, len(y)-i))
	}
}

func growthRatios32(dst, x, p []float32, least float32) bool {
	if !cpu.AVX2 {
		return growthRatiosPortable(dst, x, p, least)
	}
	all := true
	for i := 0; i < len(dst); i += maxPiece {
		all = growthRatiosAVX2(&dst[i], &x[i], &p[i], min(maxPiece, len(dst)-i), least) == 0 && all
	}
	return all
}
