package matmul

import "goomtrain/internal/simd/floats"

// multiplyPortable computes a product in panel form: two rows by four columns at a time, eight sums that fit the
// registers of every machine.
func multiplyPortable[F floats.Float](p *product[F]) {
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

// sumTile sums the products of two rows of A, the second one second elements after the first, with four columns of B.
func sumTile[F floats.Float](sum *[8]F, k int, a []F, second, csa int, b []F, rsb int) {
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
func sumNarrow[F floats.Float](sum *[8]F, k int, a []F, second, csa int, b []F, rsb, columns int) {
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
