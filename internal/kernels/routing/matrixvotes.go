package routing

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// votesBackwardTask computes the gradients of the votes of some inputs of all samples, and from them those of the inputs
// and of W and B. With R of iteration t from the outputs of t-1:
//
//	dV = sum over t of w_t (dmu_t + 2 dsigma2_t (V - mu_t)) - dlogit_t (V - mu_{t-1})/sigma2_{t-1}
func (k *Matrix[F]) votesBackwardTask(chunk int) {
	p, in, w := k.vote(), k.Cov*k.DIn, k.DIn*k.DOut
	lo, hi := chunk*k.chunk, min((chunk+1)*k.chunk, k.Inputs)
	s, sums := k.pool.Take(), k.sums(chunk)
	if k.Shared {
		clear(sums.W)
		clear(sums.B)
	}
	vote, dvote := rowOf(s.vote, 0, p), rowOf(s.vote, 1, p)
	for i := lo; i < hi; i++ {
		ws, bs, dws, dbs := k.own(k.p.W, i, k.Outputs*w), k.own(k.p.B, i, k.Outputs*p), k.own(sums.W, i, k.Outputs*w), k.own(sums.B, i, k.Outputs*p)
		if !k.Shared {
			clear(dws)
			clear(dbs)
		}
		for b := range k.Batch {
			mu, dmu := rowOf(k.inMu, b*k.Inputs+i, in), rowOf(k.dInMu, b*k.Inputs+i, in)
			clear(dmu)
			for j := range k.Outputs {
				copy(vote, rowOf(bs, j, p))
				matmul.Serial(false, false, k.Cov, k.DOut, k.DIn, 1, mu, k.DIn, rowOf(ws, j, w), k.DOut, 1, vote, k.DOut)
				k.voteBackward(dvote, vote, b, i, j)
				db := rowOf(dbs, j, p)
				simd.Add(db, db, dvote)
				matmul.Serial(true, false, k.DIn, k.DOut, k.Cov, 1, mu, k.DIn, dvote, k.DOut, 1, rowOf(dws, j, w), k.DOut)
				matmul.Serial(false, true, k.Cov, k.DIn, k.DOut, 1, dvote, k.DOut, rowOf(ws, j, w), k.DOut, 1, dmu, k.DIn)
			}
		}
	}
	k.pool.Give(s)
}

// voteBackward writes the gradient of one vote.
func (k *Matrix[F]) voteBackward(dvote, vote []F, b, i, j int) {
	g, p, at, to := k.gradients, k.vote(), (b*k.Inputs+i)*k.Outputs+j, b*k.Outputs+j
	clear(dvote)
	for t := range k.Iterations {
		weight := k.f[b*k.Inputs+i] * k.iteration(k.share, t)[at] / k.iteration(k.total, t)[to]
		mu, sigma2 := rowOf(k.iteration(k.mu, t), to, p), rowOf(k.iteration(k.sigma2, t), to, p)
		dmu, dsigma2 := rowOf(k.iteration(g.dmu, t), to, p), rowOf(k.iteration(g.dsigma2, t), to, p)
		dlogit := F(0)
		if t < k.Iterations-1 {
			dlogit = k.iteration(g.dlogits, t+1)[at]
		}
		for c, v := range vote {
			from, scale := v-mu[c], F(2)
			if !k.KMeans {
				scale = 1 / sigma2[c]
			}
			dvote[c] += weight*(dmu[c]+2*dsigma2[c]*from) - dlogit*scale*from
		}
	}
}
