package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// Sums of exponentials that are kept as their logarithms, in float64 so that they do not drift: logs [R, C], beside numbers
// relative to references m [R] of the rows and mu [C] of the columns.

// RelativeLogs sets dst = logs - m - mu [R, C], computed in float64 and rounded to F. dst must not overlap m or mu.
func RelativeLogs[F Float](dst []F, logs []float64, m, mu []F) {
	if len(dst) != len(logs) {
		panicLengths("RelativeLogs", len(dst), len(logs))
	}
	checkLogs("RelativeLogs", len(logs), len(m), len(mu))
	if len(logs) == 0 {
		return
	}
	if floats.Single[F]() {
		relativeLogs32(floats.As32(dst), logs, floats.As32(m), floats.As32(mu))
		return
	}
	relativeLogsPortable(dst, logs, m, mu)
}

// MaxRelativeLogs makes mu [C] the maximum of itself and of logs - m over the rows. A NaN counts for nothing. mu must not overlap m.
func MaxRelativeLogs[F Float](mu []F, logs []float64, m []F) {
	checkLogs("MaxRelativeLogs", len(logs), len(m), len(mu))
	if len(logs) == 0 {
		return
	}
	if floats.Single[F]() {
		maxRelativeLogs32(floats.As32(mu), logs, floats.As32(m))
		return
	}
	maxRelativeLogsPortable(mu, logs, m)
}

// AddLogs sets dst = x + y. dst may be x.
func AddLogs[F Float](dst, x []float64, y []F) {
	if len(dst) != len(x) || len(dst) != len(y) {
		panicLengths("AddLogs", len(dst), min(len(x), len(y)))
	}
	if len(dst) == 0 {
		return
	}
	if floats.Single[F]() {
		addLogs32(dst, x, floats.As32(y))
		return
	}
	addLogsPortable(dst, x, y)
}

// GrowthRatios sets dst = x / p where |p| is at least least and the ratio at least -1/2, so that ln(p + x) is ln p + log1p(x/p)
// without loss, and 0 elsewhere, and reports whether it is so everywhere. dst may be x or p.
func GrowthRatios[F Float](dst, x, p []F, least F) bool {
	checkMap("GrowthRatios", dst, x)
	checkMap("GrowthRatios", dst, p)
	if len(dst) == 0 {
		return true
	}
	if floats.Single[F]() {
		return growthRatios32(floats.As32(dst), floats.As32(x), floats.As32(p), float32(least))
	}
	return growthRatiosPortable(dst, x, p, least)
}

// checkLogs panics unless logs has so many rows and columns.
func checkLogs(name string, logs, rows, columns int) {
	if columns == 0 && (rows != 0 || logs != 0) || columns > 0 && (logs%columns != 0 || logs/columns != rows) {
		panic(fmt.Sprintf("simd: %s: %d logarithms for %d rows of %d", name, logs, rows, columns))
	}
}
