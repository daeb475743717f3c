// Package matmul computes matrix products of float32 and float64.
//
// Matrices are row-major; lda, ldb and ldc are the distances between rows of the stored matrices, in elements. Wrong
// shapes are a programming mistake and panic with the values. Products allocate nothing in the steady state.
//
// A small product runs on the calling goroutine and reads its operands where they lie. A large one packs them and is
// split over the threads of simd.For: over rows and columns of C as it suits, over the inner dimension only where the
// shape says so, so the bits do not depend on the number of threads. Products with a single row or column and batches
// of small products have paths of their own.
//
// The files follow package simd's pattern: X.go, X_portable.go, X_amd64.go, X_stubs_amd64.go, X_amd64.s. From the
// outside in:
//
//	gemm.go     the functions and their checks
//	mixed.go    the one that may round its operands to bfloat16
//	product.go  a product as the code sees it
//	run.go      which path a product takes
//	gemv        products with one row or column
//	rows.go     products of rows that do not depend on each other's number
//	batch.go    batches
//	blocked.go  a large product on one goroutine
//	job.go      a product shared by several goroutines: shared.go and chunked.go are two ways
//	pack        copies of operands in the order in which the kernels read them
//	gemm        the kernels: gemm_amd64.s with vectors of 256 bits, gemm512_amd64.s with 512, with the same bits
//	bf16        products of bfloat16: what they compute, and the kernels, which use the tiles of AMX; tiles: their blocking
//
// Beside it: blas gives the products to libraries that take a BLAS; compare, a module of its own with cgo, times them
// against OpenBLAS.
package matmul
