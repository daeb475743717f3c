package simd

// product is C = alpha*A*B + beta*D with m x k A, k x n B, m x n C and D; element (i, p) of A is at
// a[i*rsa+p*csa], C and D are row-major. B comes in one of two forms. As an operand it has element
// (p, j) at b[p*rsb+j*csb]. As the micro-kernels take it, csb is 1 and it is cut into panels of
// panelWidth columns whose beginnings are bstep apart; bstep 0 stands for panelWidth, the panels of a
// row-major operand.
type product[F Float] struct {
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
	c           []F
	rsc         int

	nextA, nextB, nextC []F // of the next product of a batch, to be fetched meanwhile
}

// init sets all but the addend. It is inlined, field by field: a struct made as a value would be copied in
// words of 16 bytes just after it was written in words of 8, which stalls the processor for longer than
// a small product takes.
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

// panelWidth is the number of columns of a panel of B: two AVX registers.
func panelWidth[F Float]() int {
	if single[F]() {
		return 16
	}
	return 8
}

// part is the product restricted to rows [i, i+m) and columns [j, j+n) of C; B is an operand, not packed.
func (p *product[F]) part(i, m, j, n int) product[F] {
	q := p.band(i, m)
	q.n, q.b, q.c = n, q.b[j*p.csb:], q.c[j:]
	if q.d != nil {
		q.d = q.d[j:]
	}
	return q
}

// band is the product restricted to rows [i, i+m) of C; B may be packed.
func (p *product[F]) band(i, m int) product[F] {
	q := *p
	q.m, q.a, q.c = m, p.a[i*p.rsa:], p.c[i*p.rsc:]
	if p.d != nil {
		q.d = p.d[i*p.rsd:]
	}
	return q
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

// multiplyPortable computes a product in panel form: two rows by four columns at a time, eight sums that
// fit the registers of every machine.
func multiplyPortable[F Float](p *product[F]) {
	width, bstep := panelWidth[F](), p.bstep
	if bstep == 0 {
		bstep = width
	}
	for j := 0; j < p.n; j += 4 {
		b := p.b[j/width*bstep+j%width:]
		columns := min(4, p.n-j)
		for i := 0; i < p.m; i += 2 {
			rows := min(2, p.m-i)
			var sum [8]F
			if columns == 4 {
				sumTile(&sum, p.k, p.a[i*p.rsa:], p.rsa*(rows-1), p.csa, b, p.rsb)
			} else {
				sumNarrow(&sum, p.k, p.a[i*p.rsa:], p.rsa*(rows-1), p.csa, b, p.rsb, columns)
			}
			for r := range rows {
				c := p.c[(i+r)*p.rsc+j:][:columns]
				if p.d == nil {
					for x := range c {
						c[x] = p.alpha * sum[4*r+x]
					}
					continue
				}
				d := p.d[(i+r)*p.rsd+j:][:columns]
				for x := range c {
					c[x] = p.alpha*sum[4*r+x] + p.beta*d[x]
				}
			}
		}
	}
}

// sumTile sums the products of rows 0 and second of A with four columns of B.
func sumTile[F Float](sum *[8]F, k int, a []F, second, csa int, b []F, rsb int) {
	var s0, s1, s2, s3, t0, t1, t2, t3 F
	for i, j := 0, 0; k > 0; i, j, k = i+csa, j+rsb, k-1 {
		x, y := a[i], a[second+i]
		v := b[j : j+4 : j+4]
		s0 += x * v[0]
		s1 += x * v[1]
		s2 += x * v[2]
		s3 += x * v[3]
		t0 += y * v[0]
		t1 += y * v[1]
		t2 += y * v[2]
		t3 += y * v[3]
	}
	*sum = [8]F{s0, s1, s2, s3, t0, t1, t2, t3}
}

// sumNarrow is sumTile for fewer than four columns.
func sumNarrow[F Float](sum *[8]F, k int, a []F, second, csa int, b []F, rsb, columns int) {
	for j := range columns {
		var s, t F
		for p := range k {
			v := b[p*rsb+j]
			s += a[p*csa] * v
			t += a[second+p*csa] * v
		}
		sum[j], sum[4+j] = s, t
	}
}
