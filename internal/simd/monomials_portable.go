//go:build !amd64 || noasm

package simd

func mulRows32(dst, src, x []float32, rows, stride int) { mulRowsPortable(dst, src, x, rows, stride) }
func mulRowsBackward32(dx, dsrc, ddst, src, x []float32, rows, stride int) {
	mulRowsBackwardPortable(dx, dsrc, ddst, src, x, rows, stride)
}
func addWeighted32(dst, w, src []float32, rows, strideW, stride int) {
	addWeightedPortable(dst, w, src, rows, strideW, stride)
}
func polynomial32(value, slope, x, c []float32) { polynomialPortable(value, slope, x, c) }
func multiplyRuns32(work []float32, runs []Run) { multiplyRunsPortable(work, runs) }
func weighRuns32(dst, work, weight []float32, runs []Run) {
	weighRunsPortable(dst, work, weight, runs)
}
func dotRows32(dst, x, a []float32, stride int) { dotRowsPortable(dst, x, a, stride) }
