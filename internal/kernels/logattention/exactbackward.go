package logattention

import (
	"math"

	"goomtrain/internal/simd"
)

// reverseExactly adds what reverse leaves out: the elements of the state that have a gradient although D is
// 0, and the weak rows.
func (c *chunk[F]) reverseExactly(after logSums) {
	if after.logs != nil {
		for i, e := range c.e {
			if !(max(e, -e) >= smallestSum) && c.adjoint[i] != 0 && !math.IsInf(after.logs[i], -1) {
				c.reverseElement(after, i/c.k.columns, i%c.k.columns)
			}
		}
	}
	for t := range c.queries {
		if c.k.weak[c.task*c.k.size.Queries+c.at+t] {
			c.reverseRow(t)
		}
	}
}

// shares returns g times the share of each of the first n terms in a sum of that logarithm and sign.
func (c *chunk[F]) shares(n int, log float64, sign, g F) []F {
	terms := c.narrow[:n]
	for i, x := range c.wide[:n] {
		terms[i] = F(x - log)
	}
	simd.Exp(terms, terms)
	simd.Scale(terms, g*sign, terms)
	if c.k.signed {
		simd.Mul(terms, terms, c.signs[:n])
	}
	return terms
}

// reverseElement spreads the gradient of element (j, i) of the state after the chunk over its terms.
func (c *chunk[F]) reverseElement(after logSums, j, i int) {
	at := j*c.k.columns + i
	sign := F(1)
	for s := range c.keys {
		c.wide[s], c.signs[s] = float64(c.key(s)[j])+c.logValue(s, i), c.valueSign(s, i)
	}
	c.wide[c.keys], c.signs[c.keys] = c.state.logs[at], 1
	if c.k.signed {
		sign, c.signs[c.keys] = F(after.signs[at]), F(c.state.signs[at])
	}
	terms := c.shares(c.keys+1, after.logs[at], sign, c.adjoint[at])
	for s := range c.keys {
		c.dKey(s)[j] += terms[s]
		if i < c.k.columns-1 {
			c.dValue(s)[i] += terms[s]
		}
	}
	c.before[at] += terms[c.keys]
}

// reverseRow spreads the gradient of row t of y: over the tokens of each sum, then over the channels of
// each weight.
func (c *chunk[F]) reverseRow(t int) {
	kk, cc, q, dq := c.k.size.DKey, c.k.columns, c.query(t), c.dQuery(t)
	seen := c.exactRow(t)
	clear(c.dLogW[:seen])
	dy, total := c.k.dy.Row(c.firstQ+t, c.head, cc-1), F(0)
	for i := range cc {
		g := -total
		if i < cc-1 {
			g = dy[i]
			total += g
		}
		if g == 0 || math.IsInf(c.logN[i], -1) {
			continue
		}
		for s := range seen {
			c.wide[s], c.signs[s] = c.logW[s]+c.logValue(s, i), c.valueSign(s, i)
		}
		for s, p := range c.shares(seen, c.logN[i], c.signN[i], g) {
			c.dLogW[s] += float64(p)
			if i < cc-1 {
				c.dValue(s)[i] += p
			}
		}
		for j := range kk {
			c.wide[j] = float64(q[j]) + c.state.logs[j*cc+i]
			if c.k.signed {
				c.signs[j] = F(c.state.signs[j*cc+i])
			}
		}
		for j, p := range c.shares(kk, c.logN[i], c.signN[i], g) {
			dq[j] += p
			c.before[j*cc+i] += p
		}
	}
	for s := range seen {
		if c.dLogW[s] == 0 || math.IsInf(c.logW[s], -1) {
			continue
		}
		for j, x := range c.key(s) {
			c.wide[j], c.signs[j] = float64(q[j])+float64(x), 1
		}
		dk := c.dKey(s)
		for j, p := range c.shares(kk, c.logW[s], 1, F(c.dLogW[s])) {
			dq[j] += p
			dk[j] += p
		}
	}
}

// shareOf turns the adjoint of the state last into that of the state first, from which it continued.
func (c *chunk[F]) shareOf(first, last logSums) {
	for i, l := range last.logs {
		if math.IsInf(first.logs[i], -1) || math.IsInf(l, -1) {
			c.adjoint[i] = 0
			continue
		}
		share := math.Exp(first.logs[i] - l)
		if c.k.signed {
			share *= first.signs[i] * last.signs[i]
		}
		c.adjoint[i] *= F(share)
	}
}
