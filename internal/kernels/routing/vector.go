package routing

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Vector is the fast form of a vector routing.
//
// Numbers of an iteration lie one iteration after the other: [r, B, ...]. Those of a pair of an input and an output are
// what memory goes to: phi and the products with predictions of every iteration, and its shares R but for the first.
type Vector[F simd.Float] struct {
	VectorSize
	chunk         int // inputs of a pass over pairs
	block         int // inputs of a matrix product
	group, groups int // inputs of a task, and how many tasks there are for a sample

	scale        []F // [B] 1/sqrt of the number of inputs
	f            []F // [B, n] activations
	made         []F // [2, B, n, m] use and ign if inputs share parameters
	phi, share   []F // [r, B, n, m], [r-1, B, n, m]
	products     []F // [r-1, B, n, m] x pred^T; Backward overwrites them with their gradients
	sums, y, z   []F // [r, B, m] of phi over inputs, [r, B, m, d] phi^T xs, y * WF1
	raw, unit    []F // [r, B, m, h] outputs, [r-1, B, m, h] normalized
	mean, rstd   []F // [r, B, m] of raw
	hidden, pred []F // [r-1, B, m, d]
	parts        []F // [B, groups, m, d] phi^T x of a group
	partSums     []F // [B, groups, m] sums of phi
	ones, zeros  []F // [h] weight and bias of a plain normalization
	pool         workspace.Pool[vectorScratch[F]]
	gradients    *vectorGradients[F] // nil until the first Backward
	vectorCall[F]
	credit                      func(task int)
	outputs, normalize, predict func(lo, hi int)
}

// vectorCall is the operands of the running call and its iteration.
type vectorCall[F simd.Float] struct {
	k                                 int
	out, phiOut, x, dx, dout, dphiOut []F
	p, dp                             VectorParameters[F]
	mask                              Mask
}

// vectorScratch is the memory of one worker.
type vectorScratch[F simd.Float] struct {
	rows[F]
	t, gate, dt     []F // [chunk, m]
	equal           []F // [chunk, m] shares of the first iteration if there is no mask
	dphi, dproducts []F // [block, m]
	unused          []F // [2, h] gradients of the weight and bias of a plain normalization
}

// NewVector returns the kernel of that size.
func NewVector[F simd.Float](size VectorSize) *Vector[F] {
	size.Check()
	k := &Vector[F]{VectorSize: size}
	b, n, m, d, h, r := size.Batch, size.Inputs, size.Outputs, size.DIn, size.DOut, size.Iterations
	k.chunk = chunkOf(n, m)
	k.block, k.group = groupOf(n, k.chunk)
	k.groups = simd.Pieces(n, k.group)
	for _, x := range []struct {
		to   *[]F
		size int
	}{{&k.scale, b}, {&k.f, b * n}, {&k.phi, r * b * n * m}, {&k.share, (r - 1) * b * n * m}, {&k.products, (r - 1) * b * n * m},
		{&k.sums, r * b * m}, {&k.y, r * b * m * d}, {&k.z, r * b * m * d}, {&k.raw, r * b * m * h}, {&k.unit, (r - 1) * b * m * h}, {&k.mean, r * b * m},
		{&k.rstd, r * b * m}, {&k.hidden, (r - 1) * b * m * d}, {&k.pred, (r - 1) * b * m * d}, {&k.parts, b * k.groups * m * d}, {&k.partSums, b * k.groups * m}} {
		*x.to = workspace.Make[F](x.size)
	}
	if size.Shared {
		k.made = workspace.Make[F](2 * b * n * m)
	}
	k.ones, k.zeros = make([]F, h), make([]F, h)
	fill(k.ones, 1)
	k.pool.Create = func() *vectorScratch[F] {
		s := &vectorScratch[F]{rows: newRows[F](k.chunk, m), unused: workspace.Make[F](2 * h)}
		for _, x := range []*[]F{&s.t, &s.gate, &s.dt, &s.equal} {
			*x = workspace.Make[F](k.chunk * m)
		}
		s.equalShares(s.equal, veil{})
		s.dphi, s.dproducts = workspace.Make[F](k.block*m), workspace.Make[F](k.block*m)
		return s
	}
	k.credit, k.outputs, k.normalize, k.predict = k.creditTask, k.outputsTask, k.normalizeTask, k.predictTask
	return k
}

func fill[F simd.Float](x []F, v F) {
	for i := range x {
		x[i] = v
	}
}

// of returns the numbers of iteration k in x, which has those of count iterations.
func of[F simd.Float](x []F, k, count int) []F {
	n := len(x) / count
	return x[k*n : (k+1)*n]
}

// iteration returns the numbers of iteration i in x.
func (k *Vector[F]) iteration(x []F, i int) []F { return of(x, i, k.Iterations) }

// later returns the numbers of iteration i, at least 1, in x, which has none of iteration 0.
func (k *Vector[F]) later(x []F, i int) []F { return of(x, i-1, k.Iterations-1) }

// Forward writes the outputs [B, m, h] and the credit phi [B, n, m] that they give to the inputs x [B, n, d].
func (k *Vector[F]) Forward(out, phi, x []F, p VectorParameters[F], mask Mask) {
	d, h, rows := k.DIn, k.DOut, k.Batch*k.Outputs
	k.out, k.phiOut, k.x, k.p, k.mask = out, phi, x, p, mask
	k.count()
	if k.Shared {
		k.linear(of(k.made, 0, 2), x, p.Use, p.UseBias)
		k.linear(of(k.made, 1, 2), x, p.Ign, p.IgnBias)
	}
	for k.k = range k.Iterations {
		if i := k.k; i > 0 {
			simd.ForRange(rows, rowGrain, k.normalize)
			multiply(1, false, false, rows, d, h, k.later(k.unit, i), p.WG1, 0, k.later(k.hidden, i))
			simd.ForRange(rows, rowGrain, k.predict)
		}
		k.pool.For(k.Batch*k.groups, k.credit)
		simd.ForRange(rows, rowGrain, k.outputs)
		multiply(1, false, false, rows, h, d, k.iteration(k.z, k.k), p.WF2, 1, k.iteration(k.raw, k.k))
	}
	k.k = k.Iterations
	simd.ForRange(rows, rowGrain, k.normalize)
}

// count finds how many inputs the mask leaves of each sample.
func (k *Vector[F]) count() {
	for b := range k.scale {
		k.scale[b] = 0
		if seen := k.mask.seen(b, k.Inputs, k.Outputs); seen > 0 {
			k.scale[b] = F(1 / math.Sqrt(float64(seen)))
		}
	}
}

// outputsTask begins outputs [lo, hi): what the groups made of each is added up, y is divided by the root of the number of
// inputs, and the bias is weighed by the sum of phi.
func (k *Vector[F]) outputsTask(lo, hi int) {
	for i := lo; i < hi; i++ {
		b, j := i/k.Outputs, i%k.Outputs
		sum, y := F(0), rowOf(k.iteration(k.y, k.k), i, k.DIn)
		for g := range k.groups {
			at := (b*k.groups+g)*k.Outputs + j
			sum += k.partSums[at]
			addPart(y, rowOf(k.parts, at, k.DIn), g == 0)
		}
		k.iteration(k.sums, k.k)[i] = sum
		simd.Scale(y, k.scale[b], y)
		simd.Mul(rowOf(k.iteration(k.z, k.k), i, k.DIn), y, rowOf(k.p.WF1, j, k.DIn))
		simd.Scale(rowOf(k.iteration(k.raw, k.k), i, k.DOut), sum, rowOf(k.p.BF2, j, k.DOut))
	}
}

// normalizeTask normalizes outputs [lo, hi) of the iteration before, or the last ones.
func (k *Vector[F]) normalizeTask(lo, hi int) {
	h, to, raw := k.DOut, k.out, k.iteration(k.raw, k.k-1)
	if k.k < k.Iterations {
		to = k.later(k.unit, k.k)
	}
	if !k.normal() || k.k == k.Iterations && !k.Normalize {
		copy(to[lo*h:hi*h], raw[lo*h:hi*h])
		return
	}
	mean, rstd := k.iteration(k.mean, k.k-1), k.iteration(k.rstd, k.k-1)
	for i := lo; i < hi; i++ {
		mean[i], rstd[i] = simd.LayerNorm(rowOf(to, i, h), rowOf(raw, i, h), k.ones, k.zeros, epsilon)
	}
}

// predictTask makes what outputs [lo, hi) predict the inputs to be.
func (k *Vector[F]) predictTask(lo, hi int) {
	for i := lo; i < hi; i++ {
		pred, j := rowOf(k.later(k.pred, k.k), i, k.DIn), i%k.Outputs
		simd.Mul(pred, rowOf(k.later(k.hidden, k.k), i, k.DIn), rowOf(k.p.WG2, j, k.DIn))
		simd.Add(pred, pred, rowOf(k.p.BG2, j, k.DIn))
	}
}
