// Package kernels is the index of the arithmetic of every fused operation, a package for each family:
//
//	dense         linear layers, normalization, gates, embeddings, positions, dropout, the loss
//	recurrence    the non-diagonal linear recurrence of a GOOM SSM
//	scan          diagonal linear recurrences, also among logarithms
//	softmax       softmax attention, and the cache of keys and values with which it streams
//	taylor        attention with Taylor terms of the softmax weights
//	logattention  log-exp attention
//	conv          the short convolution of linear-attention layers
//	s4d           diagonal state-space models
//	delta         the delta rule, gated and with several steps a token
//	gla           linear attention with decay
//	lstm          the long short-term memory
//	routing       routing of vectors and matrices
//
// What families share is in multihead (sizes and operands of attentions), workspace (memory of workers)
// and kerneltest (tests).
//
// Kernels work on flat row-major slices, forward and backward side by side, generic over float32 and
// float64. A kernel is a struct made once for its sizes. It owns the buffers that it saves between Forward
// and Backward and its scratch memory, so that a call allocates nothing, and it is not safe for concurrent
// use. internal/simd shares out the work in pieces that do not depend on the number of threads, and sums
// over pieces are taken in a fixed order: results have the same bits on any number of threads.
//
// naive.go of a family has the naive forms: types that hold operands in float64 and have Forward and
// Backward, slow and obvious. They are the contract that the fast forms are tested against, and their
// gradients are tested against finite differences.
//
// The legend of dimensions (B, T, D, N, S, R, ...) is in package ops.
package kernels
