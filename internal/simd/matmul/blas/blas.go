// Package blas gives the products of package matmul the shape of gonum's BLAS, for libraries that take an
// implementation, such as Gorgonia:
//
//	gorgonia.Use(blas.Implementation{})
//
// Matrix products of both types and float32 products of a matrix and a vector are those of package matmul, all else
// is gonum's. As in BLAS, the result must not overlap an operand; package matmul panics if it does.
package blas

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"goomtrain/internal/simd/matmul"
)

// Implementation is gonum's BLAS with products by package matmul. It has no state.
type Implementation struct{ gonum.Implementation }

// transposed reports whether t asks for a transpose. It panics as gonum does if t is none of the three values.
func transposed(t blas.Transpose) bool {
	switch t {
	case blas.NoTrans:
		return false
	case blas.Trans, blas.ConjTrans:
		return true
	}
	panic("blas: illegal transpose")
}

// Sgemm computes C = alpha*op(A)*op(B) + beta*C, see matmul.Gemm.
func (Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	matmul.Gemm(transposed(tA), transposed(tB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// Dgemm computes C = alpha*op(A)*op(B) + beta*C, see matmul.Gemm.
func (Implementation) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	matmul.Gemm(transposed(tA), transposed(tB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// Sgemv computes y = alpha*op(A)*x + beta*y for the m x n matrix A. Vectors with gaps are left to gonum.
func (i Implementation) Sgemv(tA blas.Transpose, m, n int, alpha float32, a []float32, lda int, x []float32, incX int, beta float32, y []float32, incY int) {
	if incX != 1 || incY != 1 || m <= 0 || n <= 0 {
		i.Implementation.Sgemv(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
		return
	}
	if transposed(tA) {
		m, n = n, m
	}
	matmul.Gemm(transposed(tA), false, m, 1, n, alpha, a, lda, x, 1, beta, y, 1)
}
