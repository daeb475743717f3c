// Package kernels holds the arithmetic of every fused operation over flat row-major slices, forward
// and backward side by side, generic over float32 and float64. X.go is the fast form; X_naive.go
// beside it is slow and obvious, and is the contract that tests hold the fast form to.
//
// A kernel is a struct made once for its sizes. It owns the buffers that it saves between forward and
// backward and its scratch memory, so that a call allocates nothing, and it is not safe for concurrent
// use. Work is shared out by internal/simd in pieces that do not depend on the number of threads, and
// sums over pieces are taken in a fixed order: results are the same bits on any number of threads.
//
// The legend of dimensions (B, T, D, N, S, R, ...) is in package ops.
package kernels

// rowGrain is the number of rows that one worker takes at a time in loops over rows.
const rowGrain = 64
