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
