package goom

import (
	"fmt"

	"goomtrain/internal/simd"
)

// A Chain is a running product X_1 X_2 ... of square matrices. It is block-scaled: the product keeps its digits at any
// length and magnitude.
type Chain[F Float] struct {
	d     int
	state [2]*state[F]
	parts []chainPart[F]
	work  Matrices[F]
	body  func(int)
}

// chainPart is the memory of one run of matrices; runs are multiplied side by side.
type chainPart[F Float] struct{ state [2]*state[F] }

// NewChain returns the empty product, the identity, of d by d matrices.
func NewChain[F Float](d int) *Chain[F] {
	if d < 0 {
		panic(fmt.Sprintf("goom: a chain of %d by %d matrices", d, d))
	}
	c := &Chain[F]{d: d, state: [2]*state[F]{newState[F](d, d), newState[F](d, d)}}
	c.state[0].setIdentity()
	c.body = c.run
	return c
}

// chainParts is how many runs a list of matrices is cut into.
const chainParts = 4

// Mul multiplies by all matrices of m in turn. Long lists of small matrices are cut into runs (by their
// length alone) that are multiplied side by side.
func (c *Chain[F]) Mul(m Matrices[F]) {
	if m.Rows != c.d || m.Cols != c.d {
		panic(fmt.Sprintf("goom: a chain of %d by %d matrices times %d by %d", c.d, c.d, m.Rows, m.Cols))
	}
	parts := 1
	if m.N >= 4*chainParts && c.d <= sharedOut {
		parts = chainParts
	}
	for len(c.parts) < parts {
		c.parts = append(c.parts, chainPart[F]{[2]*state[F]{newState[F](c.d, c.d), newState[F](c.d, c.d)}})
	}
	if parts == 1 {
		for i := range m.N {
			c.mul(m.factor(i))
		}
		return
	}
	c.work = m
	simd.For(parts, c.body)
	c.work = Matrices[F]{}
	for i := range parts {
		c.mul(c.parts[i].state[0].factor())
	}
}

func (c *Chain[F]) mul(a factor[F]) {
	c.state[1].mul(c.state[0], a)
	c.state[0], c.state[1] = c.state[1], c.state[0]
}

// run multiplies the i-th run of the present list.
func (c *Chain[F]) run(i int) {
	lo, hi := i*c.work.N/chainParts, (i+1)*c.work.N/chainParts
	s := &c.parts[i].state
	s[0].setFactor(c.work.factor(lo))
	for k := lo + 1; k < hi; k++ {
		s[1].mul(s[0], c.work.factor(k))
		s[0], s[1] = s[1], s[0]
	}
}

// factor returns the i-th matrix as a factor.
func (m Matrices[F]) factor(i int) factor[F] {
	return factor[F]{mant: m.matrix(i), exp: m.Exp[i], whole: true}
}

// MulReal multiplies by a real matrix [d, d].
func (c *Chain[F]) MulReal(x []F) { c.Mul(MatricesOf(x, 1, c.d, c.d)) }

// Reset makes the product the identity again.
func (c *Chain[F]) Reset() { c.state[0].setIdentity() }

// Tensor returns the product as logarithms and signs [d, d].
func (c *Chain[F]) Tensor() Tensor[F] {
	t := Tensor[F]{Shape: []int{c.d, c.d}, Log: make([]F, c.d*c.d), Sign: make([]F, c.d*c.d)}
	c.state[0].logs(t.Log, t.Sign)
	return t
}

// At returns an element of the product.
func (c *Chain[F]) At(row, col int) Scaled {
	s, at := c.state[0], row*c.d+col
	if s.wide != nil {
		return Scaled{Mant: s.wide.mant[at], Exp: s.wide.exp[at]}
	}
	return Scaled{Mant: float64(s.mant[at]), Exp: s.exp[row]}
}

// chainPlan computes Chained: every sequence's matrices in runs, side by side.
type chainPlan[F Float] struct{ batch, T, d, parts int }

func newChainPlan[F Float](shape []int) chainPlan[F] {
	if len(shape) < 3 || shape[len(shape)-1] != shape[len(shape)-2] {
		panic(fmt.Sprintf("goom: a chain needs square matrices [.., T, d, d], got shape %v", shape))
	}
	k := len(shape) - 3
	p := chainPlan[F]{batch: size(shape[:k]), T: shape[k], d: shape[k+1], parts: 1}
	if p.batch > 0 {
		p.parts = max(1, min(8/p.batch, p.T/8))
	}
	return p
}

func (p chainPlan[F]) forward(y, x Tensor[F]) {
	n := p.d * p.d
	totals := make([]*state[F], p.batch*p.parts)
	simd.For(len(totals), func(i int) {
		row, part := i/p.parts, i%p.parts
		cur, next := newState[F](p.d, p.d), newState[F](p.d, p.d)
		cur.setIdentity()
		mant := make([]F, n)
		for t := row*p.T + part*p.T/p.parts; t < row*p.T+(part+1)*p.T/p.parts; t++ {
			f := factorOf(mant, x, t)
			if t == row*p.T+part*p.T/p.parts {
				cur.setFactor(f)
				continue
			}
			next.mul(cur, f)
			cur, next = next, cur
		}
		totals[i] = cur
	})
	simd.For(p.batch, func(row int) {
		cur, next := totals[row*p.parts], newState[F](p.d, p.d)
		for _, total := range totals[row*p.parts+1 : (row+1)*p.parts] {
			next.mul(cur, total.factor())
			cur, next = next, cur
		}
		cur.logs(y.Log[row*n:][:n], y.Sign[row*n:][:n])
	})
}

// factorOf converts the t-th matrix of a tensor, with mant as memory.
func factorOf[F Float](mant []F, x Tensor[F], t int) factor[F] {
	n := len(mant)
	f := factor[F]{mant: mant, log: part(x, t, n)}
	f.exp, f.whole = mantissas(mant, f.log.Log, f.log.Sign)
	return f
}
