//go:build !amd64 || noasm

package simd

// Without assembly every float32 function is its portable twin.

func exp32(dst, src []float32)        { expPortable(dst, src) }
func log32(dst, src []float32)        { logPortable(dst, src) }
func log1p32(dst, src []float32)      { log1pPortable(dst, src) }
func sigmoid32(dst, src []float32)    { sigmoidPortable(dst, src) }
func logSigmoid32(dst, src []float32) { logSigmoidPortable(dst, src) }
func tanh32(dst, src []float32)       { tanhPortable(dst, src) }

func expSum32(dst, src []float32, c float32) float32        { return expSumPortable(dst, src, c) }
func expSumOnly32(src []float32, c float32) float32         { return expSumOnlyPortable(src, c) }
func add32(dst, x, y []float32)                             { addPortable(dst, x, y) }
func mul32(dst, x, y []float32)                             { mulPortable(dst, x, y) }
func scale32(dst []float32, alpha float32, x []float32)     { scalePortable(dst, alpha, x) }
func addScaled32(dst []float32, alpha float32, x []float32) { addScaledPortable(dst, alpha, x) }
func scaleAddMaxAbs32(dst []float32, a float32, x []float32, b float32, y []float32) float32 {
	return scaleAddMaxAbsPortable(dst, a, x, b, y)
}
func sum32(x []float32) float32        { return sumPortable(x) }
func sumSquares32(x []float32) float32 { return dotPortable(x, x) }
func dot32(x, y []float32) float32     { return dotPortable(x, y) }
func max32(x []float32) float32        { return maxPortable(x) }
func maxAbs32(x []float32) float32     { return maxAbsPortable(x) }
func argMax32(x []float32) int         { return indexOf(x, maxPortable(x)) }

func layerNorm32(dst, x, weight, bias []float32, eps float32) (mean, rstd float32) {
	return layerNormPortable(dst, x, weight, bias, eps)
}

func layerNormBackward32(dx, dy, x, weight []float32, mean, rstd float32, dweight, dbias []float32) {
	layerNormBackwardPortable(dx, dy, x, weight, mean, rstd, dweight, dbias)
}

func gluRows32(dst, x []float32, d int)            { gluRowsPortable(dst, x, d) }
func gluBackwardRows32(dx, dy, x []float32, d int) { gluBackwardRowsPortable(dx, dy, x, d) }

func adamW32(value, grad, m, v []float32, h adamWFactors[float32]) {
	adamWPortable(value, grad, m, v, h)
}
