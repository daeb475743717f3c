package matmul

import "goomtrain/internal/simd"

// vectorRowsPortable sets c[lo:lo+n] = alpha*B*x + beta*d, an inner product for each stored row of B.
func (p *product[F]) vectorRowsPortable(lo, n int) {
	for j := lo; j < lo+n; j++ {
		s := p.alpha * simd.Dot(p.a[:p.k], p.b[j*p.csb:][:p.k])
		if p.d != nil {
			s += p.beta * p.d[j]
		}
		p.c[j] = s
	}
}

// vectorColumnsPortable adds x*B, columns from lo on, to y.
func (p *product[F]) vectorColumnsPortable(y []F, lo int) {
	for i, x := range p.a[:p.k] {
		simd.AddScaled(y, x, p.b[i*p.rsb+lo:][:len(y)])
	}
}
