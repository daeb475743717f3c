package logattention

import (
	"math"

	"goomtrain/internal/simd"
)

// What chunk computes relative to the references of a chunk underflows where a query sees only keys
// far below the largest of the chunk, or where the values that count are far below the largest. Here the
// same sums and gradients are taken one by one among logarithms: for one row of N, or one element of S.
// Differences of logarithms are taken in float64 and only then rounded to F, so that keys of 10^4 keep
// their digits.

// logSum is ln|sum_i negative_i exp(wide_i)| over the first n numbers of wide, and the sign of the sum;
// signs are read where values are signed and mixed says so. A sum of zero has the logarithm -Inf.
func (c *chunk[F]) logSum(n int, mixed bool) (log float64, sign F) {
	largest := math.Inf(-1)
	for _, x := range c.wide[:n] {
		if !(x <= largest) {
			largest = x
		}
	}
	if math.IsInf(largest, -1) {
		return largest, 1
	}
	terms := c.narrow[:n]
	for i, x := range c.wide[:n] {
		terms[i] = F(x - largest)
	}
	sum := simd.ExpSum(terms, terms, 0)
	if mixed && c.k.signed {
		sum = simd.Dot(terms, c.negative[:n])
	}
	return largest + math.Log(math.Abs(float64(sum))), F(math.Copysign(1, float64(sum)))
}

// exactRow computes logW, logN and signN of row t.
func (c *chunk[F]) exactRow(t int) (seen int) {
	kk, cc, q := c.k.size.DKey, c.k.columns, c.query(t)
	if c.keys > 0 {
		seen = t + 1
	}
	for s := range seen {
		for j, x := range c.key(s) {
			c.wide[j] = float64(q[j]) + float64(x)
		}
		c.logW[s], _ = c.logSum(kk, false)
	}
	for i := range cc {
		for j := range kk {
			c.wide[j] = float64(q[j]) + c.state.logs[j*cc+i]
			if c.k.signed {
				c.negative[j] = F(c.state.signs[j*cc+i])
			}
		}
		before, sign := c.logSum(kk, true)
		for s := range seen {
			c.wide[s], c.negative[s] = c.logW[s]+c.logValue(s, i), c.valueSign(s, i)
		}
		c.wide[seen], c.negative[seen] = before, sign
		c.logN[i], c.signN[i] = c.logSum(seen+1, true)
	}
	return seen
}

// logValue is v_si, with the column of ones.
func (c *chunk[F]) logValue(s, i int) float64 {
	if i == c.k.columns-1 {
		return 0
	}
	return float64(c.value(s)[i])
}

func (c *chunk[F]) valueSign(s, i int) F {
	if !c.k.signed || i == c.k.columns-1 {
		return 1
	}
	return c.signOf(s)[i]
}

// readExactly writes y of row t, and its sign.
func (c *chunk[F]) readExactly(t int, y []F) {
	c.exactRow(t)
	z := c.logN[c.k.columns-1]
	for i := range y {
		if y[i] = F(c.logN[i] - z); c.k.signed && math.IsInf(c.logN[i], -1) {
			y[i] = zeroLog[F]()
		}
	}
	if c.k.signed {
		copy(c.k.sign.Row(c.firstQ+t, c.head, len(y)), c.signN)
	}
}

// zeroLog is the finite logarithm that stands for zero in a signed result: 2 ln(smallest normal number).
func zeroLog[F simd.Float]() F {
	var f F
	if _, single := any(f).(float32); single {
		return F(-252 * math.Ln2)
	}
	return F(-2044 * math.Ln2)
}

// absorbExactly computes element (j, i) of the state after the chunk.
func (c *chunk[F]) absorbExactly(next logSums, j, i int) {
	for s := range c.keys {
		c.wide[s], c.negative[s] = float64(c.key(s)[j])+c.logValue(s, i), c.valueSign(s, i)
	}
	at := j*c.k.columns + i
	c.wide[c.keys], c.negative[c.keys] = c.state.logs[at], 1
	if c.k.signed {
		c.negative[c.keys] = F(c.state.signs[at])
	}
	l, sign := c.logSum(c.keys+1, true)
	if next.logs[at] = l; c.k.signed {
		next.signs[at] = float64(sign)
	}
}

// reverseExactly adds what reverse left out: the elements of the state for which D is 0 though they have
// a gradient, and the weak rows.
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

// shares writes the first n terms of a sum of that logarithm and sign, each divided by the sum, times g.
func (c *chunk[F]) shares(n int, log float64, sign, g F) []F {
	terms := c.narrow[:n]
	for i, x := range c.wide[:n] {
		terms[i] = F(x - log)
	}
	simd.Exp(terms, terms)
	simd.Scale(terms, g*sign, terms)
	if c.k.signed {
		simd.Mul(terms, terms, c.negative[:n])
	}
	return terms
}

// reverseElement spreads the gradient of element (j, i) of the state after the chunk over its terms.
func (c *chunk[F]) reverseElement(after logSums, j, i int) {
	at := j*c.k.columns + i
	sign := F(1)
	for s := range c.keys {
		c.wide[s], c.negative[s] = float64(c.key(s)[j])+c.logValue(s, i), c.valueSign(s, i)
	}
	c.wide[c.keys], c.negative[c.keys] = c.state.logs[at], 1
	if c.k.signed {
		sign, c.negative[c.keys] = F(after.signs[at]), F(c.state.signs[at])
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
			c.wide[s], c.negative[s] = c.logW[s]+c.logValue(s, i), c.valueSign(s, i)
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
				c.negative[j] = F(c.state.signs[j*cc+i])
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
			c.wide[j], c.negative[j] = float64(q[j])+float64(x), 1
		}
		dk := c.dKey(s)
		for j, p := range c.shares(kk, c.logW[s], 1, F(c.dLogW[s])) {
			dq[j] += p
			dk[j] += p
		}
	}
}

// shareOf turns the adjoint of the state last into that of the state first, which it went on from.
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
