package matmul

import (
	"fmt"
	"unsafe"

	"goomtrain/internal/simd/floats"
)

// Gemm computes C = alpha*op(A)*op(B) + beta*C, where op transposes if its flag is set, op(A) is m x k, op(B) is
// k x n and C is m x n, all row-major with row strides lda, ldb and ldc of the stored matrices. If beta is 0, C is
// not read (NaN in it does not spread); if k or alpha is 0, A and B are not read. C must not overlap A or B. Large
// products are computed in parallel. It panics if a size is negative, a stride is shorter than a row or a slice is
// too short.
func Gemm[F floats.Float](transA, transB bool, m, n, k int, alpha F, a []F, lda int, b []F, ldb int, beta F, c []F, ldc int) {
	var p product[F]
	p.init(transA, transB, m, n, k, alpha, a, lda, b, ldb, c, ldc)
	p.check("Gemm")
	p.addend(beta)
	p.run(true)
}

// Serial is Gemm on the calling goroutine only, with the least overhead: for small products inside a parallel body.
func Serial[F floats.Float](transA, transB bool, m, n, k int, alpha F, a []F, lda int, b []F, ldb int, beta F, c []F, ldc int) {
	var p product[F]
	p.init(transA, transB, m, n, k, alpha, a, lda, b, ldb, c, ldc)
	p.check("Serial")
	p.addend(beta)
	p.run(false)
}

// WithBias computes C = alpha*op(A)*op(B) + bias, which adds the n numbers of bias to every row. C is not read, and must not
// overlap the bias. Otherwise it is Gemm.
func WithBias[F floats.Float](transA, transB bool, m, n, k int, alpha F, a []F, lda int, b []F, ldb int, bias []F, c []F, ldc int) {
	var p product[F]
	p.init(transA, transB, m, n, k, alpha, a, lda, b, ldb, c, ldc)
	p.check("WithBias")
	p.plus("WithBias", nil, 0, bias)
	p.run(true)
}

// Batched computes count products of one shape: the i-th takes its operands from a[i*strideA:], b[i*strideB:] and
// c[i*strideC:]. A stride of 0 shares an operand; the blocks of C must not overlap. Otherwise it is Gemm.
func Batched[F floats.Float](count int, transA, transB bool, m, n, k int, alpha F, a []F, lda, strideA int, b []F, ldb, strideB int, beta F, c []F, ldc, strideC int) {
	if count < 0 || strideA < 0 || strideB < 0 || strideC < 0 {
		panic(fmt.Sprintf("matmul: Batched: count %d and strides %d, %d, %d must not be negative", count, strideA, strideB, strideC))
	}
	if count == 0 {
		return
	}
	last := count - 1
	var p product[F]
	p.init(transA, transB, m, n, k, alpha, tail(a, last*strideA), lda, tail(b, last*strideB), ldb, tail(c, last*strideC), ldc)
	p.check("Batched")
	if m > 0 && n > 0 && count > 1 && strideC < (m-1)*ldc+n && (strideC < n || last*strideC+n > ldc) {
		// neither one block after the other nor side by side within the rows of one matrix
		panic(fmt.Sprintf("matmul: Batched: blocks of C overlap: strideC %d for %d x %d with ldc %d", strideC, m, n, ldc))
	}
	p.a, p.b, p.c = a, b, c
	p.addend(beta)
	p.runBatch(count, strideA, strideB, strideC)
}

// plus makes the product add D, an m x n matrix with rows ldd apart, and the n numbers of bias to every row; nil stands for
// zeros. D may be C itself, but must not overlap it in another way. It is called after check.
func (p *product[F]) plus(name string, d []F, ldd int, bias []F) {
	if bias != nil && len(bias) != p.n {
		panic(fmt.Sprintf("matmul: %s: bias has %d elements for n = %d", name, len(bias), p.n))
	}
	if p.m == 0 || p.n == 0 {
		return
	}
	c := p.c[:(p.m-1)*p.rsc+p.n]
	if floats.Share(c, bias) {
		panic(fmt.Sprintf("matmul: %s: C overlaps the bias", name))
	}
	if d == nil {
		if bias != nil {
			p.beta, p.d, p.rsd = 1, bias, 0
		}
		return
	}
	if ldd < p.n || !floats.Holds(len(d), p.m, p.n, ldd) {
		panic(fmt.Sprintf("matmul: %s: D has %d elements, rows %d apart, for %d x %d", name, len(d), ldd, p.m, p.n))
	}
	same := &p.c[0] == &d[0] && ldd == p.rsc
	if !same && floats.Share(c, d[:(p.m-1)*ldd+p.n]) && clash(c, d, p.rsc, ldd, p.n, p.n) {
		panic(fmt.Sprintf("matmul: %s: C overlaps D", name))
	}
	p.beta, p.d, p.rsd, p.bias = 1, d, ldd, bias
}

// tail is x[i:], or empty if x is shorter: check then says what is missing.
func tail[F floats.Float](x []F, i int) []F {
	return x[min(i, len(x)):]
}

// check panics if the operands do not fit the shape.
func (p *product[F]) check(name string) {
	lda, rowsA, colsA := p.rsa, p.m, p.k
	if p.transA {
		lda, rowsA, colsA = p.csa, p.k, p.m
	}
	ldb, rowsB, colsB := p.rsb, p.k, p.n
	if p.transB {
		ldb, rowsB, colsB = p.csb, p.n, p.k
	}
	if p.m < 0 || p.n < 0 || p.k < 0 || lda < max(1, colsA) || ldb < max(1, colsB) || p.rsc < max(1, p.n) {
		p.refuse(name, "bad sizes or strides")
	}
	if p.m == 0 || p.n == 0 {
		return
	}
	if !floats.Holds(len(p.c), p.m, p.n, p.rsc) || p.k > 0 && !(floats.Holds(len(p.a), rowsA, colsA, lda) && floats.Holds(len(p.b), rowsB, colsB, ldb)) {
		p.refuse(name, "too short slices")
	}
	if p.k == 0 {
		return
	}
	c := p.c[:(p.m-1)*p.rsc+p.n]
	if floats.Share(c, p.a[:(rowsA-1)*lda+colsA]) && clash(c, p.a, p.rsc, lda, p.n, colsA) ||
		floats.Share(c, p.b[:(rowsB-1)*ldb+colsB]) && clash(c, p.b, p.rsc, ldb, p.n, colsB) {
		p.refuse(name, "C overlaps an operand")
	}
}

// clash reports whether two matrices with nx and ny columns and row strides ldx and ldy, which reach into each other,
// share elements. Disjoint columns of one larger matrix do not.
func clash[F floats.Float](x, y []F, ldx, ldy, nx, ny int) bool {
	size := int(unsafe.Sizeof(F(0)))
	between := (int(uintptr(unsafe.Pointer(unsafe.SliceData(y)))) - int(uintptr(unsafe.Pointer(unsafe.SliceData(x))))) / size
	column := (between%ldx + ldx) % ldx // of y's first element, counted from x's
	return ldx != ldy || column < nx || column+ny > ldx
}

// refuse panics with the values of the product.
func (p *product[F]) refuse(name, why string) {
	panic(fmt.Sprintf("matmul: %s: %s: m=%d n=%d k=%d transA=%v transB=%v lda=%d ldb=%d ldc=%d, slices of %d, %d and %d elements",
		name, why, p.m, p.n, p.k, p.transA, p.transB, p.rsa*p.csa, p.rsb*p.csb, p.rsc, len(p.a), len(p.b), len(p.c)))
}
