package routing

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// vectorGradients is the memory that only Backward needs.
type vectorGradients[F simd.Float] struct {
	dout                           []F // [r, B, m, h] of raw outputs
	dz, dy                         []F // [B, m, d] of z, of phi^T x
	dsums                          []F // [B, m]
	df                             []F // [B, n]
	parts                          []F // [B, groups, m, d] of pred, of a group
	dpred, dhidden, dunit          []F // [B, m, d], [r-1, B, m, d], [B, m, h]
	dmade                          []F // [2, B, n, m] of use and ign if inputs share parameters
	dwa, dba, dws, dbs, duse, dign []F // sums of groups if inputs share parameters
	unnormalize                    func(lo, hi int)
	votes, inputs, predicted       func(task int)
}

// prepare makes the memory at the first call.
func (k *Vector[F]) prepare() *vectorGradients[F] {
	if k.gradients != nil {
		return k.gradients
	}
	b, n, m, d, h, r := k.Batch, k.Inputs, k.Outputs, k.DIn, k.DOut, k.Iterations
	g := &vectorGradients[F]{unnormalize: k.unnormalizeTask, votes: k.votesTask, inputs: k.inputsTask, predicted: k.predictedTask}
	for _, x := range []struct {
		to   *[]F
		size int
	}{{&g.dout, r * b * m * h}, {&g.dz, b * m * d}, {&g.dy, b * m * d}, {&g.dsums, b * m}, {&g.df, b * n},
		{&g.parts, b * k.groups * m * d}, {&g.dpred, b * m * d}, {&g.dhidden, (r - 1) * b * m * d}, {&g.dunit, b * m * h}} {
		*x.to = workspace.Make[F](x.size)
	}
	if k.Shared {
		g.dmade = workspace.Make[F](2 * b * n * m)
		g.dwa, g.dba = workspace.Make[F](k.groups*d), workspace.Make[F](k.groups)
		for _, x := range []*[]F{&g.dws, &g.dbs, &g.duse, &g.dign} {
			*x = workspace.Make[F](k.groups * m)
		}
	}
	k.gradients = g
	return g
}

// Backward writes the gradients of x and of the parameters; dphi, of the credit, may be nil. The other operands are those
// of the last Forward.
func (k *Vector[F]) Backward(dx []F, dp VectorParameters[F], x []F, p VectorParameters[F], mask Mask, dout, dphi []F) {
	m, d, h, rows, r := k.Outputs, k.DIn, k.DOut, k.Batch*k.Outputs, k.Iterations
	g := k.prepare()
	k.dx, k.dp, k.x, k.p, k.mask, k.dout, k.dphiOut = dx, dp, x, p, mask, dout, dphi
	for k.k = r - 1; k.k >= 0; k.k-- {
		i := k.k
		k.pool.ForRange(rows, rowGrain, g.unnormalize)
		multiply(1, false, true, rows, d, h, of(g.dout, i, r), p.WF2, 0, g.dz)
		simd.For(m, g.votes)
		k.pool.For(k.groups, g.inputs)
		if i > 0 {
			simd.For(m, g.predicted)
			multiply(1, false, true, rows, h, d, k.later(g.dhidden, i), p.WG1, 0, g.dunit)
		}
	}
	matmul.Gemm(true, false, d, h, r*rows, 1, k.z, d, g.dout, h, 0, dp.WF2, h)
	if r > 1 {
		matmul.Gemm(true, false, h, d, (r-1)*rows, 1, k.unit, h, g.dhidden, d, 0, dp.WG1, d)
	} else {
		for _, x := range [][]F{dp.WG1, dp.WG2, dp.BG2} {
			clear(x)
		}
	}
	if k.Shared {
		k.sharedGradients()
	}
}

// unnormalizeTask takes the gradients of normalized outputs [lo, hi) to those of the outputs.
func (k *Vector[F]) unnormalizeTask(lo, hi int) {
	g, h := k.gradients, k.DOut
	to, from := of(g.dout, k.k, k.Iterations), k.dout
	last := k.k == k.Iterations-1
	if !last {
		from = g.dunit
	}
	if !k.normal() || last && !k.Normalize {
		copy(to[lo*h:hi*h], from[lo*h:hi*h])
		return
	}
	s := k.pool.Take()
	clear(s.unused)
	for i := lo; i < hi; i++ {
		simd.LayerNormBackward(rowOf(to, i, h), rowOf(from, i, h), rowOf(k.iteration(k.raw, k.k), i, h), k.ones,
			k.iteration(k.mean, k.k)[i], k.iteration(k.rstd, k.k)[i], s.unused[:h], s.unused[h:])
	}
	k.pool.Give(s)
}

// votesTask computes, for one output of all samples, the gradients of phi^T x, of the sum of phi, and of WF1 and BF2.
func (k *Vector[F]) votesTask(j int) {
	g, d := k.gradients, k.DIn
	dwf1, dbf2 := rowOf(k.dp.WF1, j, d), rowOf(k.dp.BF2, j, k.DOut)
	if k.k == k.Iterations-1 {
		clear(dwf1)
		clear(dbf2)
	}
	for b := range k.Batch {
		at := b*k.Outputs + j
		dz, dy := rowOf(g.dz, at, d), rowOf(g.dy, at, d)
		dout := rowOf(of(g.dout, k.k, k.Iterations), at, k.DOut)
		simd.Mul(dy, dz, rowOf(k.iteration(k.y, k.k), at, d))
		simd.Add(dwf1, dwf1, dy)
		simd.Scale(dz, k.scale[b], dz)
		simd.Mul(dy, dz, rowOf(k.p.WF1, j, d))
		simd.AddScaled(dbf2, k.iteration(k.sums, k.k)[at], dout)
		g.dsums[at] = simd.Dot(dout, rowOf(k.p.BF2, j, k.DOut))
	}
}

// predictedTask computes, for one output of all samples, the gradients of hidden, WG2 and BG2.
func (k *Vector[F]) predictedTask(j int) {
	g, d := k.gradients, k.DIn
	dwg2, dbg2 := rowOf(k.dp.WG2, j, d), rowOf(k.dp.BG2, j, d)
	if k.k == k.Iterations-1 {
		clear(dwg2)
		clear(dbg2)
	}
	for b := range k.Batch {
		at := b*k.Outputs + j
		for i := range k.groups {
			addPart(rowOf(g.dpred, at, d), rowOf(g.parts, (b*k.groups+i)*k.Outputs+j, d), i == 0)
		}
		dpred, dhidden := rowOf(g.dpred, at, d), rowOf(k.later(g.dhidden, k.k), at, d)
		simd.Add(dbg2, dbg2, dpred)
		simd.Mul(dhidden, dpred, rowOf(k.later(k.hidden, k.k), at, d))
		simd.Add(dwg2, dwg2, dhidden)
		simd.Mul(dhidden, dpred, rowOf(k.p.WG2, j, d))
	}
}
