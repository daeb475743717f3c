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

// creditTask computes phi of some inputs of a sample.
func (k *Vector[F]) creditTask(task int) {
	b, c := task/k.chunks, task%k.chunks
	lo, hi := c*k.chunk, min((c+1)*k.chunk, k.Inputs)
	s := k.pool.Take()
	by := veil{k.mask, b, lo}
	f, sums := k.inputsOf(k.f, b, lo, hi, 1), rowOf(k.partial, task, k.Outputs)
	clear(sums)
	var r []F
	if k.k == 0 {
		k.activate(f, b, lo)
		r = s.gate[:(hi-lo)*k.Outputs]
		s.equalShares(r, by)
	} else {
		r = k.pairs(k.later(k.share, k.k), b, lo, hi)
		s.sigmoidShares(r, k.scores(s, b, lo, hi), by)
	}
	use, ign := k.betas(b, lo, hi)
	s.rows.credit(k.pairs(k.iteration(k.phi, k.k), b, lo, hi), r, f, use, ign, sums, by)
	k.pool.Give(s)
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
