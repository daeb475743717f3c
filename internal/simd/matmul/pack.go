package matmul

// packB replaces B, an operand, by panels in s.
func (p *product[F]) packB(s *scratch[F]) {
	width := panelWidth[F]()
	s.b = grow(s.b, p.k*(p.n+width))
	packPanels(s.b, p.b, p.rsb, p.csb, p.k, p.n)
	p.b, p.rsb, p.csb, p.bstep = s.b, width, 1, width*p.k
}

// packA replaces A by a copy in s, whose rows (or columns) share pages and are not a power of two apart.
func (p *product[F]) packA(s *scratch[F]) {
	if p.csa == 1 {
		ld := p.k + 16
		s.a = grow(s.a, p.m*ld)
		copyRows(s.a, ld, p.a, p.rsa, p.k, p.m)
		p.a, p.rsa = s.a, ld
		return
	}
	ld := (p.m+15)&^15 + 16
	s.a = grow(s.a, p.k*ld)
	copyRows(s.a, ld, p.a, p.csa, p.m, p.k)
	p.a, p.csa = s.a, ld
}
