package routing

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Matrix is the fast form of a matrix routing. A worker makes the votes of all inputs for one output at a time, as often as
// there are iterations; they are not kept.
type Matrix[F simd.Float] struct {
	MatrixSize
	chunk, chunks int // of inputs: how many are computed together, and how often

	f      []F // [B, n] activations
	share  []F // [r, B, n, m] R
	logits []F // [B, n, m]
	total  []F // [r, B, m] sums of f R, and epsilon
	a      []F // [r, B, m]
	mu     []F // [r, B, m, c*h]
	sigma2 []F // [r, B, m, c*h]

	pool      workspace.Pool[matrixScratch[F]]
	gradients *matrixGradients[F] // nil until the first Backward
	matrixCall[F]
	shares, outputs func(task int)
}

// matrixCall is the operands of the running call and its iteration.
type matrixCall[F simd.Float] struct {
	k           int
	inA, inMu   []F // [B, n], [B, n, c, d]
	p, dp       MatrixParameters[F]
	mask        Mask
	phi         []F
	d           MatrixOutputs[F]
	dInA, dInMu []F
}

// matrixScratch is the memory of one worker.
type matrixScratch[F simd.Float] struct {
	rows[F]
	votes, squares []F // [n, c*h] votes relative to their mean, and squares of that
	w, column      []F // [n]
	vote           []F // [5, c*h]
}

// NewMatrix returns the kernel of that size.
func NewMatrix[F simd.Float](size MatrixSize) *Matrix[F] {
	size.Check()
	k := &Matrix[F]{MatrixSize: size, chunk: chunkOf(size.Inputs, size.Outputs)}
	k.chunks = simd.Pieces(size.Inputs, k.chunk)
	b, n, m, r, p := size.Batch, size.Inputs, size.Outputs, size.Iterations, size.vote()
	for _, x := range []struct {
		to   *[]F
		size int
	}{{&k.f, b * n}, {&k.share, r * b * n * m}, {&k.logits, b * n * m}, {&k.total, r * b * m}, {&k.a, r * b * m}, {&k.mu, r * b * m * p}, {&k.sigma2, r * b * m * p}} {
		*x.to = workspace.Make[F](x.size)
	}
	k.pool.Create = func() *matrixScratch[F] {
		return &matrixScratch[F]{newRows[F](k.chunk, m), workspace.Make[F](n * p), workspace.Make[F](n * p), workspace.Make[F](n), workspace.Make[F](n), workspace.Make[F](5 * p)}
	}
	k.shares, k.outputs = k.sharesTask, k.outputsTask
	return k
}

// iteration returns the numbers of iteration i in x.
func (k *Matrix[F]) iteration(x []F, i int) []F { return of(x, i, k.Iterations) }

// own returns the parameter of input i in x, which has that many columns.
func (k *Matrix[F]) own(x []F, i, columns int) []F {
	if k.Shared {
		i = 0
	}
	return rowOf(x, i, columns)
}

// Forward writes the outputs for the inputs a [B, n] and mu [B, n, c, d].
func (k *Matrix[F]) Forward(out MatrixOutputs[F], a, mu []F, p MatrixParameters[F], mask Mask) {
	k.inA, k.inMu, k.p, k.mask, k.phi = a, mu, p, mask, out.Phi
	simd.Sigmoid(k.f, a)
	for k.k = range k.Iterations {
		k.pool.For(k.Batch*k.chunks, k.shares)
		k.pool.For(k.Batch*k.Outputs, k.outputs)
	}
	last := k.Iterations - 1
	copy(out.A, k.iteration(k.a, last))
	copy(out.Mu, k.iteration(k.mu, last))
	copy(out.Sigma2, k.iteration(k.sigma2, last))
}

// sharesTask computes the shares of some inputs of a sample.
func (k *Matrix[F]) sharesTask(task int) {
	b, lo := task/k.chunks, task%k.chunks*k.chunk
	hi := min(lo+k.chunk, k.Inputs)
	s, by := k.pool.Take(), veil{k.mask, b, lo}
	from, to := (b*k.Inputs+lo)*k.Outputs, (b*k.Inputs+hi)*k.Outputs
	r := k.iteration(k.share, k.k)[from:to]
	if k.k > 0 {
		s.softmaxShares(r, k.logits[from:to], by)
	} else {
		s.equalShares(r, by)
	}
	k.pool.Give(s)
}

// makeVotes writes the votes [n, c*h] of a sample for output j.
func (k *Matrix[F]) makeVotes(votes []F, b, j int) {
	p, in, w := k.vote(), k.Cov*k.DIn, k.DIn*k.DOut
	for i := range k.Inputs {
		copy(rowOf(votes, i, p), rowOf(k.own(k.p.B, i, k.Outputs*p), j, p))
	}
	mu := rowOf(k.inMu, b, k.Inputs*in)
	if k.Shared {
		matmul.Serial(false, false, k.Inputs*k.Cov, k.DOut, k.DIn, 1, mu, k.DIn, k.p.W[j*w:], k.DOut, 1, votes, k.DOut)
		return
	}
	matmul.Batched(k.Inputs, false, false, k.Cov, k.DOut, k.DIn, 1, mu, k.DIn, in, k.p.W[j*w:], k.DOut, k.Outputs*w, 1, votes, k.DOut, p)
}

// weights writes f R of all inputs of a sample for output j in the running iteration, divided by their sum and epsilon,
// which it returns if it is not known.
func (k *Matrix[F]) weights(w []F, b, j int, total F) F {
	share, f := rowOf(k.iteration(k.share, k.k), b, k.Inputs*k.Outputs), rowOf(k.f, b, k.Inputs)
	for i := range w {
		w[i] = f[i] * share[i*k.Outputs+j]
	}
	if total == 0 {
		total = simd.Sum(w) + F(k.Epsilon)
	}
	simd.Scale(w, 1/total, w)
	return total
}

// center subtracts mu from the votes and writes the squares of what is left.
func (k *Matrix[F]) center(s *matrixScratch[F], mu []F) {
	minus := rowOf(s.vote, 0, k.vote())
	simd.Scale(minus, -1, mu)
	for i := range k.Inputs {
		vote := rowOf(s.votes, i, k.vote())
		simd.Add(vote, vote, minus)
	}
	simd.Mul(s.squares, s.votes, s.votes)
}

// outputsTask computes an output of a sample, and the logits that its next shares come from.
func (k *Matrix[F]) outputsTask(task int) {
	b, j, p := task/k.Outputs, task%k.Outputs, k.vote()
	s := k.pool.Take()
	a := k.credit(b, j)
	k.iteration(k.a, k.k)[task] = a
	k.makeVotes(s.votes, b, j)
	k.iteration(k.total, k.k)[task] = k.weights(s.w, b, j, 0)
	mu, sigma2 := rowOf(k.iteration(k.mu, k.k), task, p), rowOf(k.iteration(k.sigma2, k.k), task, p)
	clear(mu)
	simd.AddWeighted(mu, s.w, s.votes, k.Inputs, 1, p)
	k.center(s, mu)
	fill(sigma2, F(k.Epsilon))
	simd.AddWeighted(sigma2, s.w, s.squares, k.Inputs, 1, p)
	if k.k < k.Iterations-1 {
		k.nextLogits(s, b, j, a, sigma2)
	}
	k.pool.Give(s)
}

// nextLogits writes ln sigmoid(a) and the logarithm of the density of each vote at output j, but for what is the same at
// all outputs.
func (k *Matrix[F]) nextLogits(s *matrixScratch[F], b, j int, a F, sigma2 []F) {
	factors, logs := rowOf(s.vote, 0, k.vote()), rowOf(s.vote, 1, k.vote())
	same := F(logSigmoid(float64(a)))
	if k.KMeans {
		fill(factors, -1)
	} else {
		simd.Reciprocal(factors, sigma2)
		simd.Scale(factors, -0.5, factors)
		simd.Log(logs, sigma2)
		same -= simd.Sum(logs) / 2
	}
	fill(s.column, same)
	simd.DotRows(s.column, factors, s.squares, k.vote())
	logits := rowOf(k.logits, b, k.Inputs*k.Outputs)
	for i, v := range s.column {
		logits[i*k.Outputs+j] = v
	}
}

// credit writes phi of output j, if it is the last iteration, and returns its sum.
func (k *Matrix[F]) credit(b, j int) (sum F) {
	share, last := rowOf(k.iteration(k.share, k.k), b, k.Inputs*k.Outputs), k.k == k.Iterations-1
	for i := range k.Inputs {
		phi := F(0)
		if !k.mask.hides(b, i, j) {
			r := share[i*k.Outputs+j]
			phi = k.f[b*k.Inputs+i] * (k.own(k.p.Use, i, k.Outputs)[j]*r - k.own(k.p.Ign, i, k.Outputs)[j]*(1-r))
		}
		sum += phi
		if last {
			k.phi[(b*k.Inputs+i)*k.Outputs+j] = phi
		}
	}
	return sum
}
