//go:build !amd64 || noasm

package simd

// Without assembly every float32 function is the portable one.

func add32(dst, x, y []float32)                             { addPortable(dst, x, y) }
func mul32(dst, x, y []float32)                             { mulPortable(dst, x, y) }
func scale32(dst []float32, alpha float32, x []float32)     { scalePortable(dst, alpha, x) }
func reciprocal32(dst, x []float32)                         { reciprocalPortable(dst, x) }
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

func diagSteps32(x, a, b, state []float32, n, stride int, reverse bool) {
	diagStepsPortable(x, a, b, state, n, stride, reverse)
}
func diagWide32(n, stride int) bool { return false }
func product32(x []float32) float64 { return productPortable(x) }

func exp32(dst, src []float32)                       { expPortable(dst, src) }
func log32(dst, src []float32)                       { logPortable(dst, src) }
func log1p32(dst, src []float32)                     { log1pPortable(dst, src) }
func expSum32(dst, src []float32, c float32) float32 { return expSumPortable(dst, src, c) }
func expSumOnly32(src []float32, c float32) float32  { return expSumOnlyPortable(src, c) }

func sigmoid32(dst, src []float32)    { sigmoidPortable(dst, src) }
func logSigmoid32(dst, src []float32) { logSigmoidPortable(dst, src) }
func tanh32(dst, src []float32)       { tanhPortable(dst, src) }

func signedExp32(dst, l, s []float32, c float32)       { signedExpPortable(dst, l, s, c) }
func logAbs32(l, s, x []float32, c, least float32) int { return logAbsPortable(l, s, x, c, least) }
func countBelow32(x []float32, least float32) int      { return countBelowPortable(x, least) }
func countAbsBelow32(x []float32, least float32) int   { return countAbsBelowPortable(x, least) }

func layerNorm32(dst, x, weight, bias []float32, eps float32) (mean, rstd float32) {
	return layerNormPortable(dst, x, weight, bias, eps)
}
func layerNormBackward32(dx, dy, x, weight []float32, mean, rstd float32, dweight, dbias []float32) {
	layerNormBackwardPortable(dx, dy, x, weight, mean, rstd, dweight, dbias)
}

func rmsNorm32(dst, x, weight, rstd []float32, d int, scale, eps float32) {
	rmsNormPortable(dst, x, weight, rstd, d, scale, eps)
}
func rmsNormBackward32(dx, dy, x, weight, rstd []float32, d int, scale float32, dweight []float32) {
	rmsNormBackwardPortable(dx, dy, x, weight, rstd, d, scale, dweight)
}

func softmaxRow32(x []float32, floor float32) (largest, sum float32) {
	return softmaxRowPortable(x, floor)
}
func attentionSlopes32(p, ds []float32, c, d float32) { attentionSlopesPortable(p, ds, c, d) }
func transpose32(dst []float32, strideDst int, src []float32, strideSrc, rows, columns int) {
	transposePortable(dst, strideDst, src, strideSrc, rows, columns)
}

func gelu32(dst, src []float32)          { geluPortable(dst, src) }
func geluBackward32(dx, dy, x []float32) { geluBackwardPortable(dx, dy, x) }

func silu32(dst, src []float32)          { siluPortable(dst, src) }
func siluBackward32(dx, dy, x []float32) { siluBackwardPortable(dx, dy, x) }
func siluGate32(dst, up, gate []float32) { siluGatePortable(dst, up, gate) }
func siluGateBackward32(dup, dgate, dy, up, gate []float32) {
	siluGateBackwardPortable(dup, dgate, dy, up, gate)
}

func conv32(dst, src, w, bias []float32, s ConvShape)     { convPortable(dst, src, w, bias, s) }
func convSiLU32(dst, src, w, bias []float32, s ConvShape) { convSiLUPortable(dst, src, w, bias, s) }
func convSiLUBackward32(dst, dy, src, w, bias []float32, s ConvShape) {
	convSiLUBackwardPortable(dst, dy, src, w, bias, s)
}
func convWeights32(dw, dy, src []float32, n int, s ConvShape) { convWeightsPortable(dw, dy, src, n, s) }
func addProducts32(dst, x, y []float32, rows, strideX, strideY int) {
	addProductsPortable(dst, x, y, rows, strideX, strideY)
}

func modeRows32(y, u, state, c, d []float32, rows, stride int) {
	modeRowsPortable(y, u, state, c, d, rows, stride)
}
func modeStates32(states, u, c []float32, rows, stride int) {
	modeStatesPortable(states, u, c, rows, stride)
}
func modeRowsBackward32(du, dy, u, states, adjoint, dc, c, d []float32, rows, stride int) {
	modeRowsBackwardPortable(du, dy, u, states, adjoint, dc, c, d, rows, stride)
}

func linearSteps32(state []float32, o, q, k, v Steps[float32], n, rows, columns int, reverse bool) {
	linearStepsPortable(state, o, q, k, v, n, rows, columns, reverse)
}
func mulSteps32(dst, src, x Steps[float32], n, width int, alpha float32) {
	mulStepsPortable(dst, src, x, n, width, alpha)
}
func scaleSteps32(dst, src Steps[float32], x []float32, width int, alpha float32) {
	scaleStepsPortable(dst, src, x, width, alpha)
}
func runningSums32(dst, src Steps[float32], n, width int) (steepest, deepest float32) {
	return runningSumsPortable(dst, src, n, width)
}
func decaySums32(sum []float32, dg, q, dq, k, dk Steps[float32], n int) {
	decaySumsPortable(sum, dg, q, dq, k, dk, n)
}

func gluRows32(dst, x []float32, d int)            { gluRowsPortable(dst, x, d) }
func gluBackwardRows32(dx, dy, x []float32, d int) { gluBackwardRowsPortable(dx, dy, x, d) }

func adamW32(value, grad, m, v []float32, h adamWFactors[float32]) {
	adamWPortable(value, grad, m, v, h)
}

func stateRows32(z, state, top, x, y []float32, width int, scale float32) {
	stateRowsPortable(z, state, top, x, y, width, scale)
}
func adjointRows32(adjoint, du, kept, top, x, dz, now, before []float32, width int, scale float32) {
	adjointRowsPortable(adjoint, du, kept, top, x, dz, now, before, width, scale)
}

func mulRows32(dst, src, x []float32, rows, stride int) { mulRowsPortable(dst, src, x, rows, stride) }
func mulRowsBackward32(dx, dsrc, ddst, src, x []float32, rows, stride int) {
	mulRowsBackwardPortable(dx, dsrc, ddst, src, x, rows, stride)
}
func addWeighted32(dst, w, src []float32, rows, strideW, stride int) {
	addWeightedPortable(dst, w, src, rows, strideW, stride)
}
func dotRows32(dst, x, a []float32, stride int) { dotRowsPortable(dst, x, a, stride) }

func polynomial32(value, slope, x, c []float32) { polynomialPortable(value, slope, x, c) }

func multiplyRuns32(work []float32, runs []Run)           { multiplyRunsPortable(work, runs) }
func weighRuns32(dst, work, weight []float32, runs []Run) { weighRunsPortable(dst, work, weight, runs) }

func deltaForward32(d *DeltaRun[float32]) { deltaForwardPortable(d) }
func deltaReverse32(d *DeltaRun[float32]) { deltaReversePortable(d) }
func deltaReplay32(d *DeltaRun[float32])  { deltaReplayPortable(d) }

func addRows32(dst, top, x, y, c []float32, width int) { addRowsPortable(dst, top, x, y, c, width) }
func scaleRows32(dst, x, c []float32, width int)       { scaleRowsPortable(dst, x, c, width) }
func mulHeads32(dst, x, a []float32, heads, rows, width int) {
	mulHeadsPortable(dst, x, a, heads, rows, width)
}
func mulHeadsTransposed32(dst, top, x, a []float32, heads, rows, width int) {
	mulHeadsTransposedPortable(dst, top, x, a, heads, rows, width)
}
func outerHeads32(dst, x, y []float32, heads, rows, width int, add bool) {
	outerHeadsPortable(dst, x, y, heads, rows, width, add)
}
func reflectHeads32(dst, norms, x, k, beta, gate []float32, s reflections) {
	reflectHeadsPortable(dst, norms, x, k, beta, gate, s)
}
func reflectHeadsBackward32(g ReflectionGrads[float32], x, weight, k, beta, norms, gate, dout, work []float32, s reflections) {
	reflectHeadsBackwardPortable(g, x, weight, k, beta, norms, gate, dout, work, s)
}

func rotateHeads32(dst, x, cos, sin []float32, width int, back bool) {
	rotateHeadsPortable(dst, x, cos, sin, width, back)
}

func shiftRows32(dst []float32, strideDst int, src []float32, strideSrc int, x []float32, rows int) {
	shiftRowsPortable(dst, strideDst, src, strideSrc, x, rows)
}
func mulMatrices32(dst []float32, strideDst int, x []float32, strideX int, y []float32, strideY, rows, columns int) {
	mulMatricesPortable(dst, strideDst, x, strideX, y, strideY, rows, columns)
}
func sumRows32(dst, src []float32, rows, stride int) { sumRowsPortable(dst, src, rows, stride) }

func relativeLogs32(dst []float32, logs []float64, m, mu []float32) {
	relativeLogsPortable(dst, logs, m, mu)
}
func maxRelativeLogs32(mu []float32, logs []float64, m []float32) {
	maxRelativeLogsPortable(mu, logs, m)
}
func addLogs32(dst, x []float64, y []float32) { addLogsPortable(dst, x, y) }
func growthRatios32(dst, x, p []float32, least float32) bool {
	return growthRatiosPortable(dst, x, p, least)
}
