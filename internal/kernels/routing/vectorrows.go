package routing

import "goomtrain/internal/simd"

// pairs returns the numbers [rows, m] of inputs lo to hi of sample b in x [B, n, m].
func (k *Vector[F]) pairs(x []F, b, lo, hi int) []F {
	return x[(b*k.Inputs+lo)*k.Outputs : (b*k.Inputs+hi)*k.Outputs]
}

// inputsOf returns inputs lo to hi of sample b in x [B, n, width].
func (k *Vector[F]) inputsOf(x []F, b, lo, hi, width int) []F {
	return x[(b*k.Inputs+lo)*width : (b*k.Inputs+hi)*width]
}

// betas returns use and ign of inputs lo to hi of sample b.
func (k *Vector[F]) betas(b, lo, hi int) (use, ign []F) {
	if k.Shared {
		return k.pairs(of(k.made, 0, 2), b, lo, hi), k.pairs(of(k.made, 1, 2), b, lo, hi)
	}
	return k.pairs(k.p.Use, 0, lo, hi), k.pairs(k.p.Ign, 0, lo, hi)
}

// own returns the parameter of input i in x, which has that many columns.
func (k *Vector[F]) own(x []F, i, columns int) []F {
	if k.Shared {
		i = 0
	}
	return rowOf(x, i, columns)
}

// part returns what group g of sample b makes of x [B, groups, m, width].
func (k *Vector[F]) part(x []F, b, g, width int) []F {
	return rowOf(x, b*k.groups+g, k.Outputs*width)
}

// creditTask computes phi of a group of inputs of a sample, and what it adds to phi^T x.
func (k *Vector[F]) creditTask(task int) {
	m, d := k.Outputs, k.DIn
	b, g := task/k.groups, task%k.groups
	s := k.pool.Take()
	y, sums := k.part(k.parts, b, g, d), k.part(k.partSums, b, g, 1)
	clear(sums)
	begin, end := k.ofGroup(g)
	for lo := begin; lo < end; lo += k.block {
		hi := min(lo+k.block, end)
		x := k.inputsOf(k.x, b, lo, hi, d)
		if k.k > 0 {
			serial(false, true, hi-lo, m, d, x, rowOf(k.later(k.pred, k.k), b, m*d), 0, k.pairs(k.later(k.products, k.k), b, lo, hi))
		}
		for c := lo; c < hi; c += k.chunk {
			k.creditOf(s, b, c, min(c+k.chunk, hi), sums)
		}
		phi := k.pairs(k.iteration(k.phi, k.k), b, lo, hi)
		serial(true, false, m, d, hi-lo, phi, x, further[F](lo > begin), y)
		if k.k == k.Iterations-1 {
			copy(k.pairs(k.phiOut, b, lo, hi), phi)
		}
	}
	k.pool.Give(s)
}

// ofGroup returns the inputs of a group.
func (k *Vector[F]) ofGroup(g int) (lo, hi int) { return g * k.group, min((g+1)*k.group, k.Inputs) }

// further is 1, the factor of a sum so far, if something was added to it.
func further[F simd.Float](begun bool) F {
	if begun {
		return 1
	}
	return 0
}

// creditOf computes phi of inputs lo to hi, at most a chunk, and adds it to sums [m].
func (k *Vector[F]) creditOf(s *vectorScratch[F], b, lo, hi int, sums []F) {
	by := veil{k.mask, b, lo}
	f := k.inputsOf(k.f, b, lo, hi, 1)
	var r []F
	if k.k == 0 {
		k.activate(f, b, lo)
		r = s.firstShares((hi-lo)*k.Outputs, by)
	} else {
		r = k.pairs(k.later(k.share, k.k), b, lo, hi)
		s.sigmoidShares(r, k.scores(s, b, lo, hi), by)
	}
	use, ign := k.betas(b, lo, hi)
	s.rows.credit(k.pairs(k.iteration(k.phi, k.k), b, lo, hi), r, f, use, ign, sums, by)
}

// firstShares returns the n shares of a chunk in the first iteration.
func (s *vectorScratch[F]) firstShares(n int, by veil) []F {
	if by.Data == nil {
		return s.equal[:n]
	}
	r := s.gate[:n]
	s.equalShares(r, by)
	return r
}

// activate writes the activations of inputs from lo on.
func (k *Vector[F]) activate(f []F, b, lo int) {
	for i := range f {
		f[i] = k.scale[b]*simd.Dot(rowOf(k.x, b*k.Inputs+lo+i, k.DIn), k.own(k.p.WA, lo+i, k.DIn)) + k.own(k.p.BA, lo+i, 1)[0]
	}
	simd.Sigmoid(f, f)
}

// scores returns t = (x pred^T) WS + BS of inputs lo to hi, in the scratch memory.
func (k *Vector[F]) scores(s *vectorScratch[F], b, lo, hi int) []F {
	products := k.pairs(k.later(k.products, k.k), b, lo, hi)
	t := s.t[:len(products)]
	if !k.Shared {
		simd.Mul(t, products, k.pairs(k.p.WS, 0, lo, hi))
		simd.Add(t, t, k.pairs(k.p.BS, 0, lo, hi))
		return t
	}
	simd.MulRows(t, products, k.p.WS, hi-lo, k.Outputs)
	for i := range hi - lo {
		row := rowOf(t, i, k.Outputs)
		simd.Add(row, row, k.p.BS)
	}
	return t
}
