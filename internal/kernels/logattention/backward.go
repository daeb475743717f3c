package logattention

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// reverse writes the gradients of the queries, keys and values of the chunk, and to before that of S before
// the chunk. adjoint is the gradient of after, the state after the chunk; it is not read if after has no
// numbers.
func (c *chunk[F]) reverse(after logSums) {
	kk, cc, nq, nk := c.k.size.DKey, c.k.columns, c.queries, c.keys
	c.setD(after)
	c.setA()
	// dg = dW f + a P^T, df = dW^T g + u D^T, du = W^T a + f D
	matmul.Serial(false, true, nq, kk, cc, 1, c.a, cc, c.p, cc, 0, c.dg, kk)
	matmul.Serial(false, true, nk, kk, cc, 1, c.u, cc, c.d, cc, 0, c.df, kk)
	matmul.Serial(false, false, nk, cc, kk, 1, c.f, kk, c.d, cc, 0, c.du, cc)
	if nq > 0 && nk > 0 {
		n := nq
		matmul.Serial(false, true, n, n, cc, 1, c.a, cc, c.u, cc, 0, c.dw, n)
		c.clearFuture(c.dw)
		matmul.Serial(false, false, n, kk, n, 1, c.dw, n, c.f, kk, 1, c.dg, kk)
		matmul.Serial(true, false, n, kk, n, 1, c.dw, n, c.g, kk, 1, c.df, kk)
		matmul.Serial(true, false, n, cc, n, 1, c.w, n, c.a, cc, 1, c.du, cc)
	}
	dx := &c.k.dx
	if nq > 0 {
		simd.MulMatrices(dx.Q.Start(c.firstQ, c.head), dx.Q.Stride, c.g, kk, c.dg, kk, nq, kk)
	}
	if nk > 0 {
		simd.MulMatrices(dx.K.Start(c.firstK, c.head), dx.K.Stride, c.f, kk, c.df, kk, nk, kk)
		simd.MulMatrices(dx.V.Start(c.firstK, c.head), dx.V.Stride, c.u, cc, c.du, cc, nk, cc-1)
	}
	matmul.Serial(true, false, kk, cc, nq, 1, c.g, kk, c.a, cc, 1, c.d, cc) // dP
	simd.Mul(c.before, c.p, c.d)
	c.reverseExactly(after)
}

// dQuery, dKey and dValue return the gradients of a query, key and value of the chunk.
func (c *chunk[F]) dQuery(t int) []F { return c.k.dx.Q.Row(c.firstQ+t, c.head, c.k.size.DKey) }
func (c *chunk[F]) dKey(s int) []F   { return c.k.dx.K.Row(c.firstK+s, c.head, c.k.size.DKey) }
func (c *chunk[F]) dValue(s int) []F {
	return c.k.dx.V.Row(c.firstK+s, c.head, c.k.size.DValue)
}

// setD computes D = dL/dS' / exp(S' - m - mu), 0 where the divisor is too small. The divisor is left in e.
func (c *chunk[F]) setD(after logSums) {
	if after.logs == nil {
		clear(c.d)
		return
	}
	c.relative(c.e, after)
	for i, e := range c.e {
		if max(e, -e) >= smallestSum {
			c.d[i] = c.adjoint[i] / e
		} else {
			c.d[i] = 0
		}
	}
}

// setA computes a = dL/dN, 0 in rows in which a sum underflowed.
func (c *chunk[F]) setA() {
	cc := c.k.columns
	for t := range c.queries {
		r := c.task*c.k.size.Queries + c.at + t
		a := c.a[t*cc : (t+1)*cc]
		if c.k.weak[r] {
			clear(a)
			continue
		}
		sums, sum := c.k.sums[r*cc:(r+1)*cc], F(0)
		for i, g := range c.k.dy.Row(c.firstQ+t, c.head, cc-1) {
			sum += g
			a[i] = g / sums[i]
		}
		a[cc-1] = -sum / sums[cc-1]
	}
}
