package simd

import (
	"fmt"
	"unsafe"
)

// Gemm computes C = alpha*op(A)*op(B) + beta*C, where op transposes if its flag is set, op(A) is m x k,
// op(B) is k x n and C is m x n, all row-major with row strides lda, ldb and ldc of the stored matrices.
// If beta is 0, C is not read (NaN in it does not spread); if k or alpha is 0, A and B are not read.
// C must not overlap A or B. Large products are computed in parallel. It panics if a size is negative,
// a stride is shorter than a row or a slice is too short.
func Gemm[F Float](transA, transB bool, m, n, k int, alpha F, a []F, lda int, b []F, ldb int, beta F, c []F, ldc int) {
	checkGemm("Gemm", transA, transB, m, n, k, a, lda, b, ldb, c, ldc)
	p := newProduct(transA, transB, m, n, k, alpha, a, lda, b, ldb, c, ldc)
	p.addend(beta)
	p.run(true)
}

// GemmSerial is Gemm on the calling goroutine only, with the least overhead: for small products inside
// a parallel body.
func GemmSerial[F Float](transA, transB bool, m, n, k int, alpha F, a []F, lda int, b []F, ldb int, beta F, c []F, ldc int) {
	checkGemm("GemmSerial", transA, transB, m, n, k, a, lda, b, ldb, c, ldc)
	p := newProduct(transA, transB, m, n, k, alpha, a, lda, b, ldb, c, ldc)
	p.addend(beta)
	p.run(false)
}

// GemmBias computes C = alpha*op(A)*op(B) + bias, the n numbers of bias being added to every row.
// C is not read. Otherwise it is Gemm.
func GemmBias[F Float](transA, transB bool, m, n, k int, alpha F, a []F, lda int, b []F, ldb int, bias []F, c []F, ldc int) {
	checkGemm("GemmBias", transA, transB, m, n, k, a, lda, b, ldb, c, ldc)
	if len(bias) != n {
		panic(fmt.Sprintf("simd: GemmBias: bias has %d elements for n = %d", len(bias), n))
	}
	p := newProduct(transA, transB, m, n, k, alpha, a, lda, b, ldb, c, ldc)
	p.beta, p.d, p.rsd = 1, bias, 0
	p.run(true)
}

// GemmBatched computes count products of one shape: the i-th takes its operands from a[i*strideA:],
// b[i*strideB:] and c[i*strideC:]. A stride of 0 shares an operand; the blocks of C must not overlap.
// Otherwise it is Gemm.
func GemmBatched[F Float](count int, transA, transB bool, m, n, k int, alpha F, a []F, lda, strideA int, b []F, ldb, strideB int, beta F, c []F, ldc, strideC int) {
	if count < 0 || strideA < 0 || strideB < 0 || strideC < 0 {
		panic(fmt.Sprintf("simd: GemmBatched: count %d and strides %d, %d, %d must not be negative", count, strideA, strideB, strideC))
	}
	if count == 0 {
		return
	}
	last := count - 1
	checkGemm("GemmBatched", transA, transB, m, n, k, tail(a, last*strideA), lda, tail(b, last*strideB), ldb, tail(c, last*strideC), ldc)
	if m > 0 && n > 0 && count > 1 && strideC < (m-1)*ldc+n && (strideC < n || last*strideC+n > ldc) {
		// neither one block after the other nor side by side within the rows of one matrix
		panic(fmt.Sprintf("simd: GemmBatched: blocks of C overlap: strideC %d for %d x %d with ldc %d", strideC, m, n, ldc))
	}
	p := newProduct(transA, transB, m, n, k, alpha, a, lda, b, ldb, c, ldc)
	p.addend(beta)
	p.runBatch(count, strideA, strideB, strideC)
}

// tail is x[i:], empty if x is shorter (checkGemm then names what is missing).
func tail[F Float](x []F, i int) []F {
	return x[min(i, len(x)):]
}

// checkGemm panics if the operands of a product do not fit its shape.
func checkGemm[F Float](name string, transA, transB bool, m, n, k int, a []F, lda int, b []F, ldb int, c []F, ldc int) {
	rowsA, colsA, rowsB, colsB := m, k, k, n
	if transA {
		rowsA, colsA = k, m
	}
	if transB {
		rowsB, colsB = n, k
	}
	if m < 0 || n < 0 || k < 0 || lda < max(1, colsA) || ldb < max(1, colsB) || ldc < max(1, n) {
		panicShape(name, transA, transB, m, n, k, lda, ldb, ldc)
	}
	if m == 0 || n == 0 {
		return
	}
	if len(c) < (m-1)*ldc+n || k > 0 && (len(a) < (rowsA-1)*lda+colsA || len(b) < (rowsB-1)*ldb+colsB) {
		panicShort(name, transA, transB, m, n, k, lda, ldb, ldc, len(a), len(b), len(c))
	}
	if k > 0 && (clash(c, m, n, ldc, a, rowsA, colsA, lda) || clash(c, m, n, ldc, b, rowsB, colsB, ldb)) {
		panicOverlap(name)
	}
}

// clash reports whether the matrix C shares memory with the matrix A. Two matrices that are disjoint
// columns of a third one do not.
func clash[F Float](c []F, m, n, ldc int, a []F, rows, cols, lda int) bool {
	size := int(unsafe.Sizeof(F(0)))
	from, to := address(c), address(c)+((m-1)*ldc+n)*size
	fromA, toA := address(a), address(a)+((rows-1)*lda+cols)*size
	if to <= fromA || toA <= from {
		return false
	}
	if lda != ldc {
		return true
	}
	column := ((fromA-from)/size%lda + lda) % lda // of A's first element, counted from C's
	return column < n || column+cols > lda
}

// address is where x begins.
func address[F Float](x []F) int { return int(uintptr(unsafe.Pointer(unsafe.SliceData(x)))) }

func panicShape(name string, transA, transB bool, m, n, k, lda, ldb, ldc int) {
	panic(fmt.Sprintf("simd: %s: bad sizes or strides: m=%d n=%d k=%d transA=%v transB=%v lda=%d ldb=%d ldc=%d",
		name, m, n, k, transA, transB, lda, ldb, ldc))
}

func panicShort(name string, transA, transB bool, m, n, k, lda, ldb, ldc, a, b, c int) {
	panic(fmt.Sprintf("simd: %s: slices of %d, %d and %d elements are too short for m=%d n=%d k=%d transA=%v transB=%v lda=%d ldb=%d ldc=%d",
		name, a, b, c, m, n, k, transA, transB, lda, ldb, ldc))
}
