package logattention

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
)

// Numbers relative to the references of a chunk underflow where a query sees only keys far below the largest
// of the chunk, or where the values that count are far below the largest. There the same sums and gradients
// are computed among logarithms, one row of N or one element of S at a time. Differences of logarithms are
// taken in float64 and only then rounded to F, so that keys of 10^4 keep their digits.

// logSum returns ln|sum_i sign_i exp(wide_i)| over the first n numbers of wide, and the sign of the sum.
// Without mixed, or if values are not signed, all signs are +1. A sum of zero has the logarithm -Inf.
func (c *chunk[F]) logSum(n int, mixed bool) (log float64, sign F) {
	largest := math.Inf(-1)
	for _, x := range c.wide[:n] {
		if x > largest || x != x { // NaN stays the largest
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
		sum = simd.Dot(terms, c.signs[:n])
	}
	return largest + simd.Log64(math.Abs(float64(sum))), F(math.Copysign(1, float64(sum)))
}

// exactRow computes logW, logN and signN of row t, and returns how many keys of the chunk it sees.
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
				c.signs[j] = F(c.state.signs[j*cc+i])
			}
		}
		before, sign := c.logSum(kk, true)
		for s := range seen {
			c.wide[s], c.signs[s] = c.logW[s]+c.logValue(s, i), c.valueSign(s, i)
		}
		c.wide[seen], c.signs[seen] = before, sign
		c.logN[i], c.signN[i] = c.logSum(seen+1, true)
	}
	return seen
}

// logValue returns v_si; the column of ones has the logarithm 0.
func (c *chunk[F]) logValue(s, i int) float64 {
	if i == c.k.columns-1 {
		return 0
	}
	return float64(c.value(s)[i])
}

// valueSign returns the sign of v_si.
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

// zeroLog returns the finite logarithm that stands for zero in a signed result, 2 ln(smallest normal number).
func zeroLog[F simd.Float]() F {
	if floats.Single[F]() {
		return F(-252 * math.Ln2)
	}
	return F(-2044 * math.Ln2)
}

// absorbExactly computes element (j, i) of the state after the chunk.
func (c *chunk[F]) absorbExactly(next logSums, j, i int) {
	for s := range c.keys {
		c.wide[s], c.signs[s] = float64(c.key(s)[j])+c.logValue(s, i), c.valueSign(s, i)
	}
	at := j*c.k.columns + i
	c.wide[c.keys], c.signs[c.keys] = c.state.logs[at], 1
	if c.k.signed {
		c.signs[c.keys] = F(c.state.signs[at])
	}
	l, sign := c.logSum(c.keys+1, true)
	if next.logs[at] = l; c.k.signed {
		next.signs[at] = float64(sign)
	}
}
