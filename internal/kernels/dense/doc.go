// Package dense computes what works on every position, or every number, on its own: the layers between the
// mixers of a sequence model. R is the number of rows, D the width of a row.
//
//	Linear        y = x op(W) + bias + residual
//	LayerNorm     rows with mean 0 and variance 1, times a weight, plus a bias (arXiv 1607.06450)
//	RMSNorm       rows with mean square 1, times a weight, and SiLU of a gate (arXiv 1910.07467)
//	L2Norm        rows of length 1
//	GELU          x times the normal distribution function, in the form of GPT-2 (arXiv 1606.08415)
//	SiLU          x times sigmoid(x) (arXiv 1702.03118)
//	GLU, SwiGLU   gated linear units (arXiv 1612.08083, 2002.05202)
//	GatedSiLU     SwiGLU of two tensors
//	Sigmoid, LogSigmoid, SoftplusDecay
//	              write strengths and decays of linear attention (arXiv 2312.06635, 2412.06464)
//	Embedding     rows of a table by tokens
//	AddPositions  plus rows of a table by positions
//	Rotary        pairs of numbers turned by an angle that grows with the position (arXiv 2104.09864)
//	Dropout       numbers at random set to zero, added to a residual (arXiv 1207.0580)
//	Head          the last linear layer and the cross-entropy of its logits
//	Dot           the sum of x * w
//
// The type of each kernel has its formula, its shapes and its gradients. Arguments named d... are gradients
// of a scalar loss. Forward writes its first argument, Backward all the gradients that come first.
//
// Kernels that depend on the position take the first one as an argument, so a sequence may come in
// stretches; a Position counts them. All other kernels know nothing of time.
//
// The products of Linear and Head have the precision that matmul.SetPrecision sets; everything else has that of the type.
//
// Beside each kernel X is a NaiveX: its definition in float64, with Forward and Backward.
package dense
