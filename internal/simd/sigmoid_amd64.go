//go:build amd64 && !noasm

package simd

func sigmoid32(dst, src []float32) {
	mapPieces(dst, src, widest(sigmoidAVX512, sigmoidAVX2), sigmoidPortable[float32])
}
func logSigmoid32(dst, src []float32) {
	mapPieces(dst, src, logSigmoidAVX2, logSigmoidPortable[float32])
}
func tanh32(dst, src []float32) { mapPieces(dst, src, tanhAVX2, tanhPortable[float32]) }
