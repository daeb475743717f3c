package routing

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// sum returns where the gradient of a parameter [n, m] of inputs lo to hi is summed, with one row if they share it.
func (k *Vector[F]) sum(own, partial []F, c, lo, hi int) []F {
	if k.Shared {
		return rowOf(partial, c, k.Outputs)
	}
	return k.pairs(own, 0, lo, hi)
}

// creditBackwardTask takes the gradient of phi of some inputs of all samples to what phi depends on.
func (k *Vector[F]) creditBackwardTask(c int) {
	g := k.gradients
	lo, hi := c*k.chunk, min((c+1)*k.chunk, k.Inputs)
	s := k.pool.Take()
	dws, dbs := k.sum(k.dp.WS, g.dws, c, lo, hi), k.sum(k.dp.BS, g.dbs, c, lo, hi)
	last := k.k == k.Iterations-1
	if last {
		clear(dws)
		clear(dbs)
	}
	for b := range k.Batch {
		dphi, df := k.pairs(g.dphi, b, lo, hi), k.inputsOf(g.df, b, lo, hi, 1)
		by := veil{k.mask, b, lo}
		for i := range hi - lo {
			row := rowOf(dphi, i, k.Outputs)
			simd.Add(row, row, rowOf(g.dsums, b, k.Outputs))
		}
		if last && k.dphiOut != nil {
			simd.Add(dphi, dphi, k.pairs(k.dphiOut, b, lo, hi))
		}
		if k.mask.Data != nil {
			s.hideRows(dphi, by)
		}
		use, ign := k.betas(b, lo, hi)
		duse, dign := k.dbetas(b, lo, hi)
		if last {
			clear(df)
			if k.Shared || b == 0 {
				clear(duse)
				clear(dign)
			}
		}
		f := k.inputsOf(k.f, b, lo, hi, 1)
		if k.k == 0 {
			r := s.gate[:len(dphi)]
			s.equalShares(r, by)
			s.creditBackward(nil, dphi, r, f, use, ign, df, duse, dign)
			if k.Shared {
				addRows(rowOf(g.duse, c, k.Outputs), duse, b > 0)
				addRows(rowOf(g.dign, c, k.Outputs), dign, b > 0)
			}
			continue
		}
		dt := s.dphi[:len(dphi)]
		s.creditBackward(dt, dphi, k.pairs(k.later(k.share, k.k), b, lo, hi), f, use, ign, df, duse, dign)
		k.scoresBackward(s, dt, dws, dbs, b, lo, hi)
	}
	k.pool.Give(s)
}

// dbetas returns where the gradients of use and ign of inputs lo to hi of sample b are summed.
func (k *Vector[F]) dbetas(b, lo, hi int) (duse, dign []F) {
	if k.Shared {
		dmade := k.gradients.dmade
		return k.pairs(of(dmade, 0, 2), b, lo, hi), k.pairs(of(dmade, 1, 2), b, lo, hi)
	}
	return k.pairs(k.dp.Use, 0, lo, hi), k.pairs(k.dp.Ign, 0, lo, hi)
}

// scoresBackward takes the gradient of log sigmoid(t), dt, to those of WS and BS, to which it adds, and of the products
// with predictions, which it puts in their place.
func (k *Vector[F]) scoresBackward(s *vectorScratch[F], dt, dws, dbs []F, b, lo, hi int) {
	t, gate := k.scores(s, b, lo, hi), s.gate[:len(dt)]
	simd.Scale(t, -1, t)
	simd.Sigmoid(gate, t)
	simd.Mul(dt, dt, gate)
	products := k.pairs(k.later(k.products, k.k), b, lo, hi)
	dproducts := t
	clear(dproducts)
	if k.Shared {
		simd.MulRowsBackward(dws, dproducts, dt, products, k.p.WS, hi-lo, k.Outputs)
		addRows(dbs, dt, true)
	} else {
		simd.MulRowsBackward(dws, dproducts, dt, products, k.pairs(k.p.WS, 0, lo, hi), 1, len(dt))
		simd.Add(dbs, dbs, dt)
	}
	copy(products, dproducts)
}

// inputsTask adds to dx what comes through the activations, and sums the gradients of WA and BA.
func (k *Vector[F]) inputsTask(c int) {
	g, d := k.gradients, k.DIn
	lo, hi := c*k.chunk, min((c+1)*k.chunk, k.Inputs)
	if k.Shared {
		clear(rowOf(g.dwa, c, d))
		g.dba[c] = 0
	} else {
		clear(k.dp.WA[lo*d : hi*d])
		clear(k.dp.BA[lo:hi])
	}
	for b := range k.Batch {
		for i := lo; i < hi; i++ {
			at := b*k.Inputs + i
			da := g.df[at] * k.f[at] * (1 - k.f[at])
			dwa, dba := g.dwa, g.dba
			to := c
			if !k.Shared {
				dwa, dba, to = k.dp.WA, k.dp.BA, i
			}
			dba[to] += da
			simd.AddScaled(rowOf(dwa, to, d), da*k.scale[b], rowOf(k.x, at, d))
			simd.AddScaled(rowOf(k.dx, at, d), da*k.scale[b], k.own(k.p.WA, i, d))
		}
	}
}

// sharedGradients sums the gradients of parameters that inputs share, and adds to dx what comes through use and ign.
func (k *Vector[F]) sharedGradients() {
	g, rows, m, d := k.gradients, k.Batch*k.Inputs, k.Outputs, k.DIn
	workspace.Sum(k.dp.WA, g.dwa)
	workspace.Sum(k.dp.BA, g.dba)
	workspace.Sum(k.dp.WS, g.dws)
	workspace.Sum(k.dp.BS, g.dbs)
	for i, x := range []struct{ w, dw, dbias, partial []F }{{k.p.Use, k.dp.Use, k.dp.UseBias, g.duse}, {k.p.Ign, k.dp.Ign, k.dp.IgnBias, g.dign}} {
		made := of(g.dmade, i, 2)
		matmul.Gemm(false, false, rows, d, m, 1, made, m, x.w, d, 1, k.dx, d)
		matmul.Gemm(true, false, m, d, rows, 1, made, m, k.x, d, 0, x.dw, d)
		workspace.Sum(x.dbias, x.partial)
	}
}
