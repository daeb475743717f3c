package logattention

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// scaleKeys computes f, u and P.
func (c *chunk[F]) scaleKeys() {
	kk, cc := c.k.size.DKey, c.k.columns
	if c.keys > 0 {
		x := &c.k.x
		simd.ShiftRows(c.f, kk, x.K.Start(c.firstK, c.head), x.K.Stride, c.mNegative, c.keys)
		simd.ShiftRows(c.u, cc, x.V.Start(c.firstK, c.head), x.V.Stride, c.muNegative[:cc-1], c.keys)
		for s := range c.keys {
			c.u[(s+1)*cc-1] = 0
		}
	}
	simd.Exp(c.f[:c.keys*kk], c.f[:c.keys*kk])
	simd.Exp(c.u[:c.keys*cc], c.u[:c.keys*cc])
	if c.k.signed {
		for s := range c.keys {
			u := c.u[s*cc : (s+1)*cc-1]
			simd.Mul(u, u, c.signOf(s))
		}
	}
	c.relative(c.p, c.state)
}

// scaleQueries computes g and W. W is a lower triangle: only causal chunks have both queries and keys. The gradient of the
// state alone does not need it.
func (c *chunk[F]) scaleQueries() {
	kk, n := c.k.size.DKey, c.queries
	if n > 0 {
		simd.ShiftRows(c.g, kk, c.k.x.Q.Start(c.firstQ, c.head), c.k.x.Q.Stride, c.shift, n)
	}
	for t := range n {
		g := c.g[t*kk : (t+1)*kk]
		simd.ExpSum(g, g, max(simd.Max(g), lowestLog))
	}
	if n > 0 && c.keys > 0 && !c.k.stateOnly {
		matmul.Serial(false, true, n, n, kk, 1, c.g, kk, c.f, kk, 0, c.w, n)
		c.clearFuture(c.w)
	}
}

// scanReferences finds the largest keys and values in the chunk and in the state before it.
func (c *chunk[F]) scanReferences() {
	m, mu, cc := c.m, c.mu, c.k.columns
	for j := range m {
		m[j] = max(F(c.state.logs[(j+1)*cc-1]), lowestLog)
	}
	for s := range c.keys {
		for j, x := range c.key(s) {
			if x > m[j] {
				m[j] = x
			}
		}
	}
	for i := range mu {
		mu[i] = lowestLog
	}
	simd.MaxRelativeLogs(mu, c.state.logs, m)
	for s := range c.keys {
		for i, x := range c.value(s) {
			if x > mu[i] {
				mu[i] = x
			}
		}
	}
	mu[cc-1] = 0
	c.deriveReferences()
}

// deriveReferences computes what follows from m and mu. Queries are shifted relative to the largest m, so
// that q + m keeps its digits where m counts.
func (c *chunk[F]) deriveReferences() {
	largest := simd.Max(c.m)
	for j, x := range c.m {
		c.mNegative[j], c.shift[j] = -x, x-largest
	}
	for i, x := range c.mu {
		c.muNegative[i] = -x
	}
}

// relative writes dst = exp(S - m - mu) [K, C], with its signs.
func (c *chunk[F]) relative(dst []F, state logSums) {
	simd.RelativeLogs(dst, state.logs, c.m, c.mu)
	simd.Exp(dst, dst)
	for i, s := range state.signs {
		dst[i] *= F(s)
	}
}

// clearFuture clears the weights of keys after their queries.
func (c *chunk[F]) clearFuture(w []F) {
	n := c.queries
	for t := range n {
		clear(w[t*n+t+1 : (t+1)*n])
	}
}
