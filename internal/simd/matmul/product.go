package matmul

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
)

// product is C = alpha*A*B + beta*D with A m x k, B k x n, C and D m x n. Element (i, p) of A is at a[i*rsa+p*csa]; C
// and D are row-major. B has one of two forms:
//
//   - as an operand, element (p, j) is at b[p*rsb+j*csb];
//   - as the kernels read it, csb is 1 and B is cut into panels of panelWidth columns, whose beginnings are bstep
//     elements apart; bstep 0 stands for panelWidth, the panels of a row-major operand.
type product[F floats.Float] struct {
	m, n, k     int
	transA      bool
	transB      bool
	alpha, beta F
	a           []F
	rsa, csa    int
	b           []F
	rsb, csb    int
	bstep       int
	d           []F // C itself, or a bias (rsd 0); nil if there is nothing to add
	rsd         int
	bias        []F // added to every row at the end, beside d; nil: none
	c           []F
	rsc         int

	nextA, nextB, nextC []F // operands of the next product of a batch, to be fetched meanwhile
}

// init sets all but the addend. It is inlined and sets field by field: a struct made as a value would be copied in
// words of 16 bytes just after it was written in words of 8, which stalls the processor for longer than a small
// product takes.
func (p *product[F]) init(transA, transB bool, m, n, k int, alpha F, a []F, lda int, b []F, ldb int, c []F, ldc int) {
	p.m, p.n, p.k, p.alpha = m, n, k, alpha
	p.transA, p.transB = transA, transB
	p.a, p.rsa, p.csa = a, lda, 1
	p.b, p.rsb, p.csb = b, ldb, 1
	p.c, p.rsc = c, ldc
	if transA {
		p.rsa, p.csa = 1, lda
	}
	if transB {
		p.rsb, p.csb = 1, ldb
	}
}

// addend makes the product add beta*C.
func (p *product[F]) addend(beta F) {
	if beta != 0 {
		p.beta, p.d, p.rsd = beta, p.c, p.rsc
	}
}

// addBiasRows adds a bias to every row of C.
func (p *product[F]) addBiasRows() {
	for i := range p.m {
		row := p.c[i*p.rsc:][:p.n]
		simd.Add(row, row, p.bias)
	}
}

// panelWidth is the number of columns of a panel of B: 64 bytes.
func panelWidth[F floats.Float]() int {
	if floats.Single[F]() {
		return 16
	}
	return 8
}

// part is the product restricted to rows [i, i+m) and columns [j, j+n) of C. B must be an operand, not packed.
func (p *product[F]) part(i, m, j, n int) product[F] {
	q := p.rowRange(i, m)
	q.n, q.b, q.c = n, q.b[j*p.csb:], q.c[j:]
	if q.d != nil {
		q.d = q.d[j:]
	}
	if q.bias != nil {
		q.bias = q.bias[j:][:n]
	}
	return q
}

// rowRange is the product restricted to rows [i, i+m) of C. B may be packed.
func (p *product[F]) rowRange(i, m int) product[F] {
	q := *p
	q.m, q.a, q.c = m, p.a[i*p.rsa:], p.c[i*p.rsc:]
	if p.d != nil {
		q.d = p.d[i*p.rsd:]
	}
	return q
}

// inner restricts the product to [from, from+depth) of its inner dimension. Every such part but the first adds to C.
func (p *product[F]) inner(from, depth int) {
	p.a, p.b, p.k = p.a[from*p.csa:], p.b[from*p.rsb:], depth
	if from > 0 {
		p.beta, p.d, p.rsd = 1, p.c, p.rsc
	}
}

// trivial computes the product if it has no elements or no sum (k or alpha is 0), and reports whether it did.
func (p *product[F]) trivial() bool {
	if p.m == 0 || p.n == 0 {
		return true
	}
	if p.k > 0 && p.alpha != 0 {
		return false
	}
	for i := range p.m {
		row := p.c[i*p.rsc:][:p.n]
		if p.d == nil {
			clear(row)
			continue
		}
		for j, x := range p.d[i*p.rsd:][:p.n] {
			row[j] = p.beta * x
		}
	}
	return true
}
