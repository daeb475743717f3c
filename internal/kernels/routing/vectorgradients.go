package routing

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// sum returns where the gradient of a parameter [n, m] of inputs lo to hi of group g is summed, with one row if they share
// it.
func (k *Vector[F]) sum(own, shared []F, g, lo, hi int) []F {
	if k.Shared {
		return rowOf(shared, g, k.Outputs)
	}
	return k.pairs(own, 0, lo, hi)
}

// inputsTask takes the gradients of phi^T x and of the sum of phi, for a group of inputs of all samples, to those of what
// phi depends on, and adds to dx.
func (k *Vector[F]) inputsTask(group int) {
	g, m, d := k.gradients, k.Outputs, k.DIn
	begin, end := k.ofGroup(group)
	s := k.pool.Take()
	if k.k == k.Iterations-1 {
		k.clearGroup(group, begin, end)
	}
	for b := range k.Batch {
		dy, dpred := rowOf(g.dy, b, m*d), k.part(g.parts, b, group, d)
		for lo := begin; lo < end; lo += k.block {
			hi := min(lo+k.block, end)
			x, dx := k.inputsOf(k.x, b, lo, hi, d), k.inputsOf(k.dx, b, lo, hi, d)
			dphi, dproducts := s.dphi[:(hi-lo)*m], s.dproducts[:(hi-lo)*m]
			serial(false, true, hi-lo, m, d, x, dy, 0, dphi)
			for c := lo; c < hi; c += k.chunk {
				to := min(c+k.chunk, hi)
				k.creditBackward(s, dphi[(c-lo)*m:(to-lo)*m], dproducts[(c-lo)*m:(to-lo)*m], group, b, c, to)
			}
			serial(false, false, hi-lo, d, m, k.pairs(k.iteration(k.phi, k.k), b, lo, hi), dy, further[F](k.k < k.Iterations-1), dx)
			if k.k == 0 {
				k.activateBackward(group, b, lo, hi)
				continue
			}
			serial(true, false, m, d, hi-lo, dproducts, x, further[F](lo > begin), dpred)
			serial(false, false, hi-lo, d, m, dproducts, rowOf(k.later(k.pred, k.k), b, m*d), 1, dx)
		}
	}
	k.pool.Give(s)
}

// clearGroup begins the sums of the gradients that belong to a group.
func (k *Vector[F]) clearGroup(group, lo, hi int) {
	g, d := k.gradients, k.DIn
	for b := range k.Batch {
		clear(k.inputsOf(g.df, b, lo, hi, 1))
	}
	if k.Shared || k.Iterations == 1 {
		clear(k.sum(k.dp.WS, g.dws, group, lo, hi))
		clear(k.sum(k.dp.BS, g.dbs, group, lo, hi))
	}
	if k.Shared {
		clear(rowOf(g.duse, group, k.Outputs))
		clear(rowOf(g.dign, group, k.Outputs))
		clear(rowOf(g.dwa, group, d))
		g.dba[group] = 0
		return
	}
	clear(k.dp.WA[lo*d : hi*d])
	clear(k.dp.BA[lo:hi])
}

// creditBackward takes the gradient of phi of inputs lo to hi of a sample, at most a chunk, to what phi depends on, and
// writes that of the products with predictions to dproducts.
func (k *Vector[F]) creditBackward(s *vectorScratch[F], dphi, dproducts []F, group, b, lo, hi int) {
	g := k.gradients
	by := veil{k.mask, b, lo}
	for i := range hi - lo {
		row := rowOf(dphi, i, k.Outputs)
		simd.Add(row, row, rowOf(g.dsums, b, k.Outputs))
	}
	if k.k == k.Iterations-1 && k.dphiOut != nil {
		simd.Add(dphi, dphi, k.pairs(k.dphiOut, b, lo, hi))
	}
	if k.mask.Data != nil {
		s.hideRows(dphi, by)
	}
	use, ign := k.betas(b, lo, hi)
	duse, dign := k.dbetas(b, lo, hi)
	first := k.k == k.Iterations-1 && (k.Shared || b == 0) // of the gradients of use and ign
	f, df := k.inputsOf(k.f, b, lo, hi, 1), k.inputsOf(g.df, b, lo, hi, 1)
	if k.k == 0 {
		s.creditBackward(nil, dphi, s.firstShares(len(dphi), by), f, use, ign, df, duse, dign, first)
		if k.Shared {
			addRows(rowOf(g.duse, group, k.Outputs), duse)
			addRows(rowOf(g.dign, group, k.Outputs), dign)
		}
		return
	}
	dt := s.dt[:len(dphi)]
	s.creditBackward(dt, dphi, k.pairs(k.later(k.share, k.k), b, lo, hi), f, use, ign, df, duse, dign, first)
	dws, dbs := k.sum(k.dp.WS, g.dws, group, lo, hi), k.sum(k.dp.BS, g.dbs, group, lo, hi)
	k.scoresBackward(s, dproducts, dt, dws, dbs, b, lo, hi)
}

// dbetas returns where the gradients of use and ign of inputs lo to hi of sample b are summed.
func (k *Vector[F]) dbetas(b, lo, hi int) (duse, dign []F) {
	if k.Shared {
		dmade := k.gradients.dmade
		return k.pairs(of(dmade, 0, 2), b, lo, hi), k.pairs(of(dmade, 1, 2), b, lo, hi)
	}
	return k.pairs(k.dp.Use, 0, lo, hi), k.pairs(k.dp.Ign, 0, lo, hi)
}

// scoresBackward takes the gradient of log sigmoid(t), dt, to those of WS and BS, to which it adds, and writes that of the
// products with predictions to dproducts.
func (k *Vector[F]) scoresBackward(s *vectorScratch[F], dproducts, dt, dws, dbs []F, b, lo, hi int) {
	t, gate := k.scores(s, b, lo, hi), s.gate[:len(dt)]
	simd.Scale(t, -1, t)
	simd.Sigmoid(gate, t)
	simd.Mul(dt, dt, gate)
	products := k.pairs(k.later(k.products, k.k), b, lo, hi)
	if k.Shared {
		clear(dproducts)
		simd.MulRowsBackward(dws, dproducts, dt, products, k.p.WS, hi-lo, k.Outputs)
		addRows(dbs, dt)
		return
	}
	simd.Mul(dproducts, dt, k.pairs(k.p.WS, 0, lo, hi))
	if k.k == k.Iterations-1 && b == 0 {
		simd.Mul(dws, dt, products)
		copy(dbs, dt)
		return
	}
	simd.Mul(t, dt, products)
	simd.Add(dws, dws, t)
	simd.Add(dbs, dbs, dt)
}

// activateBackward adds to dx what comes through the activations of inputs lo to hi, and to the gradients of WA and BA.
func (k *Vector[F]) activateBackward(group, b, lo, hi int) {
	g, d := k.gradients, k.DIn
	for i := lo; i < hi; i++ {
		at := b*k.Inputs + i
		da := g.df[at] * k.f[at] * (1 - k.f[at])
		dwa, dba, to := g.dwa, g.dba, group
		if !k.Shared {
			dwa, dba, to = k.dp.WA, k.dp.BA, i
		}
		dba[to] += da
		simd.AddScaled(rowOf(dwa, to, d), da*k.scale[b], rowOf(k.x, at, d))
		simd.AddScaled(rowOf(k.dx, at, d), da*k.scale[b], k.own(k.p.WA, i, d))
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
