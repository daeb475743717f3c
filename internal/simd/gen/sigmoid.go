package main

func sigmoidKernels() {
	mapKernel("sigmoidAVX2", "1 / (1 + exp(-src[i]))", sigmoid)
	mapKernel("logSigmoidAVX2", "-log(1 + exp(-src[i]))", logSigmoid)
	mapKernel("tanhAVX2", "tanh(src[i])", tanh)
	wideMapKernel("sigmoidAVX512", "1 / (1 + exp(-src[i]))", wideSigmoid)
}
