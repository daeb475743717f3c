package routing

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// matrixGradients is the memory that only Backward needs.
type matrixGradients[F simd.Float] struct {
	da                     []F // [B, m] of the running iteration
	dmu, dsigma2           []F // [r, B, m, c*h]
	dweights               []F // [B, n, m] of f R, through the means
	dlogits                []F // [r, B, n, m]; none in the first iteration
	df                     []F // [B, n]
	partial                []F // [chunks, size of all parameters] if inputs share them
	outputs, credit, votes func(task int)
}

// prepare makes the memory at the first call.
func (k *Matrix[F]) prepare() *matrixGradients[F] {
	if k.gradients != nil {
		return k.gradients
	}
	b, n, m, r, p := k.Batch, k.Inputs, k.Outputs, k.Iterations, k.vote()
	g := &matrixGradients[F]{outputs: k.outputsBackwardTask, credit: k.creditBackwardTask, votes: k.votesBackwardTask}
	for _, x := range []struct {
		to   *[]F
		size int
	}{{&g.da, b * m}, {&g.dmu, r * b * m * p}, {&g.dsigma2, r * b * m * p}, {&g.dweights, b * n * m}, {&g.dlogits, r * b * n * m}, {&g.df, b * n}} {
		*x.to = workspace.Make[F](x.size)
	}
	if k.Shared {
		g.partial = workspace.Make[F](k.chunks * k.parameters())
	}
	k.gradients = g
	return g
}

// parameters returns the number of all parameters of one input.
func (k *Matrix[F]) parameters() int { return k.Outputs * (k.DIn*k.DOut + k.vote() + 2) }

// sums returns where chunk c of inputs sums the gradients of parameters: in memory of its own if inputs share them.
func (k *Matrix[F]) sums(c int) MatrixParameters[F] {
	if !k.Shared {
		return k.dp
	}
	x := rowOf(k.gradients.partial, c, k.parameters())
	w, b := k.Outputs*k.DIn*k.DOut, k.Outputs*k.vote()
	return MatrixParameters[F]{x[:w], x[w : w+b], x[w+b : w+b+k.Outputs], x[w+b+k.Outputs:]}
}

// Backward writes the gradients of the inputs and of the parameters. d is that of the outputs; nil stands for zeros. The
// other operands are those of the last Forward.
func (k *Matrix[F]) Backward(da, dmu []F, dp MatrixParameters[F], a, mu []F, p MatrixParameters[F], mask Mask, d MatrixOutputs[F]) {
	g := k.prepare()
	k.inA, k.inMu, k.p, k.mask, k.dInA, k.dInMu, k.dp, k.d = a, mu, p, mask, da, dmu, dp, d
	for k.k = k.Iterations - 1; k.k >= 0; k.k-- {
		k.pool.For(k.Batch*k.Outputs, g.outputs)
		k.pool.For(k.chunks, g.credit)
	}
	k.pool.For(k.chunks, g.votes)
	if !k.Shared {
		return
	}
	of := 0
	for _, x := range dp.Arrays() {
		clear(*x)
		for c := range k.chunks {
			simd.Add(*x, *x, rowOf(g.partial, c, k.parameters())[of:of+len(*x)])
		}
		of += len(*x)
	}
}

// orZeros copies x, or clears dst if x is nil.
func orZeros[F simd.Float](dst, x []F) {
	if x == nil {
		clear(dst)
		return
	}
	copy(dst, x)
}

// outputsBackwardTask takes the gradients of an output to those of its weights f R. The gradients of mu include what comes
// through the variance.
func (k *Matrix[F]) outputsBackwardTask(task int) {
	g, p, b, j := k.gradients, k.vote(), task/k.Outputs, task%k.Outputs
	s := k.pool.Take()
	mu, sigma2 := rowOf(k.iteration(k.mu, k.k), task, p), rowOf(k.iteration(k.sigma2, k.k), task, p)
	dmu, dsigma2 := rowOf(k.iteration(g.dmu, k.k), task, p), rowOf(k.iteration(g.dsigma2, k.k), task, p)
	k.makeVotes(s.votes, b, j)
	k.center(s, mu)
	total := k.iteration(k.total, k.k)[task]
	k.weights(s.w, b, j, total)
	if k.k == k.Iterations-1 {
		k.given(task, dmu, dsigma2)
	} else {
		k.fromLogits(s, task, sigma2, dmu, dsigma2)
	}
	left := 2 * F(k.Epsilon) / total // 2 (1 - the sum of the weights)
	constant := F(0)
	for c := range dmu {
		dmu[c] -= left * dsigma2[c] * mu[c]
		constant += dmu[c] * mu[c]
	}
	fill(s.column, constant)
	simd.DotRows(s.column, dmu, s.votes, p)
	simd.DotRows(s.column, dsigma2, s.squares, p)
	along, dweights := simd.Dot(s.column, s.w), rowOf(g.dweights, b, k.Inputs*k.Outputs)
	for i, v := range s.column {
		dweights[i*k.Outputs+j] = (v - along) / total
	}
	k.pool.Give(s)
}

// given writes the gradients of the results.
func (k *Matrix[F]) given(task int, dmu, dsigma2 []F) {
	k.gradients.da[task] = 0
	if k.d.A != nil {
		k.gradients.da[task] = k.d.A[task]
	}
	p := k.vote()
	orZeros(dmu, part(k.d.Mu, task, p))
	orZeros(dsigma2, part(k.d.Sigma2, task, p))
}

// part is row i of x, or nil.
func part[F simd.Float](x []F, i, width int) []F {
	if x == nil {
		return nil
	}
	return rowOf(x, i, width)
}

// fromLogits writes the gradients of an output through the logits of the next iteration.
func (k *Matrix[F]) fromLogits(s *matrixScratch[F], task int, sigma2, dmu, dsigma2 []F) {
	b, j := task/k.Outputs, task%k.Outputs
	dlogits := rowOf(k.iteration(k.gradients.dlogits, k.k+1), b, k.Inputs*k.Outputs)
	sum := F(0)
	for i := range s.column {
		s.column[i] = dlogits[i*k.Outputs+j]
		sum += s.column[i]
	}
	a := float64(k.iteration(k.a, k.k)[task])
	k.gradients.da[task] = sum * F(sigmoid(-a))
	clear(dmu)
	clear(dsigma2)
	simd.AddWeighted(dmu, s.column, s.votes, k.Inputs, 1, k.vote())
	if k.KMeans {
		simd.Scale(dmu, 2, dmu)
		return
	}
	simd.AddWeighted(dsigma2, s.column, s.squares, k.Inputs, 1, k.vote())
	for c, v := range sigma2 {
		dmu[c] /= v
		dsigma2[c] = (dsigma2[c]/v - sum) / (2 * v)
	}
}

// creditBackwardTask takes the gradients of phi and f R of some inputs to those of their logits and activations and of use
// and ign.
func (k *Matrix[F]) creditBackwardTask(chunk int) {
	g, m, last := k.gradients, k.Outputs, k.k == k.Iterations-1
	lo, hi := chunk*k.chunk, min((chunk+1)*k.chunk, k.Inputs)
	sums := k.sums(chunk)
	if last && k.Shared {
		clear(sums.Use)
		clear(sums.Ign)
	}
	for i := lo; i < hi; i++ {
		use, ign, duse, dign := k.own(k.p.Use, i, m), k.own(k.p.Ign, i, m), k.own(sums.Use, i, m), k.own(sums.Ign, i, m)
		if last && !k.Shared {
			clear(duse)
			clear(dign)
		}
		for b := range k.Batch {
			at := b*k.Inputs + i
			f, r, dlogits := k.f[at], rowOf(k.iteration(k.share, k.k), at, m), rowOf(k.iteration(g.dlogits, k.k), at, m)
			df, mean := F(0), F(0)
			for j, share := range r {
				dlogits[j] = 0
				if k.mask.hides(b, i, j) {
					continue
				}
				dphi, dweight := g.da[b*m+j], g.dweights[at*m+j]
				if last && k.d.Phi != nil {
					dphi += k.d.Phi[at*m+j]
				}
				df += dphi*(use[j]*share-ign[j]*(1-share)) + dweight*share
				duse[j] += dphi * f * share
				dign[j] -= dphi * f * (1 - share)
				dlogits[j] = share * f * (dphi*(use[j]+ign[j]) + dweight)
				mean += dlogits[j]
			}
			simd.AddScaled(dlogits, -mean, r)
			if last {
				g.df[at] = 0
			}
			if g.df[at] += df; k.k == 0 {
				k.dInA[at] = g.df[at] * f * (1 - f)
			}
		}
	}
}
