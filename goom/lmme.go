package goom

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
	"goomtrain/internal/simd/matmul"
)

// LMME returns the matrix product of a [..., n, k] and b [..., k, m] (log-matmul-exp): [..., n, m], the
// leading axes broadcast. With constants c1 >= l1 and c2 >= l2,
//
//	P = s1 e^(l1-c1), Q = s2 e^(l2-c2), R = P Q, y = (ln|R| + c1 + c2, sign R).
//
// Where so much of P or Q may have underflowed that an element of R may be wrong, the element is computed again as a
// signed log-sum-exp over k: magnitudes may differ by any factor. The relative error of an element is that of a float
// matrix product: rounding times sum|P||Q| / |PQ|.
func LMME[F Float](a, b Tensor[F]) Tensor[F] { return product(a, b, Options{}) }

// LMMEExact is LMME with every element computed as a compensated log-sum-exp in float64: right to the
// rounding of the logarithms even where the terms cancel, and about a hundred times slower.
func LMMEExact[F Float](a, b Tensor[F]) Tensor[F] { return product(a, b, Options{Exact: true}) }

func product[F Float](a, b Tensor[F], o Options) Tensor[F] {
	p := NewProduct[F](a.Shape, b.Shape, o)
	n := size(p.Shape)
	y := Tensor[F]{Shape: p.Shape, Log: make([]F, n), Sign: make([]F, n)}
	p.Forward(y, a, b)
	return y
}

// Options of a Product.
type Options struct {
	Exact bool // every element as a compensated log-sum-exp in float64
	Grad  bool // Backward will be called: keep what it needs
}

// A Product computes LMME of operands of fixed shapes. It keeps its memory, so that its calls allocate nothing. It is not
// safe for concurrent use.
type Product[F Float] struct {
	Shape []int // of the result

	batch, n, k, m int
	ia, ib         []int32 // which matrix of a and b a product takes; nil: the one of its own number
	countA, countB int
	o              Options

	c1, c2 []float64            // per matrix of a and b: the constants
	p, q   []F                  // and the scaled reals P [.., n, k] and Q [.., k, m], where they are kept
	r      []F                  // with Grad: R [batch, n, m], 0 where the log-sum-exp was taken
	exact  []bool               // with Grad: whether there are such elements
	mu     sync.Mutex           // of rows and free
	rows   map[int]*rescaled[F] // with Grad: products that needed a constant for every row and column
	free   []*lmmeScratch[F]    // memory of one product at a time
	wide   *largeProduct[F]     // large: memory of a product shared out over the cores
	usesA  [][]int32            // shared: the products that take a matrix of a
	usesB  [][]int32

	// The operands of the present call, for the stored bodies of the parallel loops.
	y, a, b      Tensor[F]
	da, db, dy   []F
	forward      func(lo, hi int)
	backward     func(lo, hi int)
	prepA, prepB func(int)
	gradA, gradB func(int)
}

type lmmeScratch[F Float] struct{ p, q, h []F }

// rescaled is what replaces P and Q of a product whose rows or columns differ too much in magnitude to
// share a constant.
type rescaled[F Float] struct{ p, q []F }

// NewProduct plans LMME of operands of these shapes.
func NewProduct[F Float](a, b []int, o Options) *Product[F] {
	_, n, k := matrixShape("LMME", a)
	_, k2, m := matrixShape("LMME", b)
	if k != k2 {
		panic(fmt.Sprintf("goom: LMME of %v and %v: %d columns against %d rows", a, b, k, k2))
	}
	leadA, leadB := a[:len(a)-2], b[:len(b)-2]
	lead := broadcast(leadA, leadB)
	p := &Product[F]{
		Shape: append(slices.Clone(lead), n, m), batch: size(lead), n: n, k: k, m: m, o: o,
		ia: indices(leadA, lead), ib: indices(leadB, lead), countA: size(leadA), countB: size(leadB),
	}
	large := p.batch < 4 && n*k*m >= 128*128*128 && !p.shared() && !o.Exact
	p.c1, p.c2 = make([]float64, p.countA), make([]float64, p.countB)
	if o.Grad || large || p.shared() {
		p.p, p.q = make([]F, p.countA*n*k), make([]F, p.countB*k*m)
	}
	if o.Grad {
		p.r, p.exact = make([]F, p.batch*n*m), make([]bool, p.batch)
	}
	if p.shared() {
		p.usesA, p.usesB = uses(p.ia, p.batch, p.countA), uses(p.ib, p.batch, p.countB)
	}
	if large {
		p.wide = newLargeProduct(p)
	}
	p.forward, p.backward = p.forwardRange, p.backwardRange
	p.prepA = func(i int) { p.c1[i] = prepare(p.p[i*n*k:][:n*k], p.a.Log[i*n*k:][:n*k], p.a.Sign[i*n*k:][:n*k]) }
	p.prepB = func(i int) { p.c2[i] = prepare(p.q[i*k*m:][:k*m], p.b.Log[i*k*m:][:k*m], p.b.Sign[i*k*m:][:k*m]) }
	p.gradA, p.gradB = p.backwardA, p.backwardB
	return p
}

// shared says that operands are stretched over several products.
func (p *Product[F]) shared() bool { return p.ia != nil || p.ib != nil }

// uses lists for every operand the products that take it.
func uses(idx []int32, batch, count int) [][]int32 {
	out := make([][]int32, count)
	for i := range batch {
		j := pick(idx, i)
		out[j] = append(out[j], int32(i))
	}
	return out
}

// Forward computes y = a b.
func (p *Product[F]) Forward(y, a, b Tensor[F]) {
	same("LMME a", p.countA*p.n*p.k, len(a.Log), len(a.Sign))
	same("LMME b", p.countB*p.k*p.m, len(b.Log), len(b.Sign))
	same("LMME result", p.batch*p.n*p.m, len(y.Log), len(y.Sign))
	p.y, p.a, p.b = y, a, b
	clear(p.rows)
	switch {
	case p.n*p.m == 0 || p.batch == 0:
	case p.wide != nil:
		for i := range p.batch {
			p.wide.forward(i)
		}
	default:
		if p.shared() && !p.o.Exact {
			simd.For(p.countA, p.prepA)
			simd.For(p.countB, p.prepB)
		}
		simd.ForRange(p.batch, p.grain(), p.forward)
	}
	p.y, p.a, p.b = Tensor[F]{}, Tensor[F]{}, Tensor[F]{}
}

// operands returns the matrices of the i-th product.
func (p *Product[F]) operands(i int) (y, a, b Tensor[F]) {
	n, k, m := p.n, p.k, p.m
	j, l := pick(p.ia, i), pick(p.ib, i)
	return Tensor[F]{Log: p.y.Log[i*n*m:][:n*m], Sign: p.y.Sign[i*n*m:][:n*m]},
		Tensor[F]{Log: p.a.Log[j*n*k:][:n*k], Sign: p.a.Sign[j*n*k:][:n*k]},
		Tensor[F]{Log: p.b.Log[l*k*m:][:k*m], Sign: p.b.Sign[l*k*m:][:k*m]}
}

// grain is how many products make a piece of work for one core.
func (p *Product[F]) grain() int { return max(1, simd.Grain/max(1, p.n*p.k+p.k*p.m+p.n*p.m)) }

// forwardRange computes products one after another on one core.
func (p *Product[F]) forwardRange(lo, hi int) {
	s := p.scratch()
	for i := lo; i < hi; i++ {
		p.forwardOne(i, s)
	}
	p.release(s)
}

func (p *Product[F]) forwardOne(i int, s *lmmeScratch[F]) {
	n, k, m := p.n, p.k, p.m
	y, a, b := p.operands(i)
	if p.o.Exact {
		p.exactAll(i, y, a, b)
		return
	}
	j, l := pick(p.ia, i), pick(p.ib, i)
	P, Q := s.p, s.q
	if p.p != nil {
		P, Q = p.p[j*n*k:][:n*k], p.q[l*k*m:][:k*m]
	}
	c1, c2 := p.c1[j], p.c2[l]
	if !p.shared() {
		c1, c2 = prepare(P, a.Log, a.Sign), prepare(Q, b.Log, b.Sign)
		p.c1[j], p.c2[l] = c1, c2
	}
	if !p.plain(i, c1, c2, y, a, b) {
		return
	}
	R := y.Log
	if p.r != nil {
		R = p.r[i*n*m:][:n*m]
	}
	matmul.Serial(false, false, n, m, k, 1, P, k, Q, m, 0, R, m)
	p.finish(i, R, y, a, b, c1, c2)
}

// plain reports whether the constants of a product are finite. If they are not it computes the product itself.
func (p *Product[F]) plain(i int, c1, c2 float64, y, a, b Tensor[F]) bool {
	switch {
	case !math.IsInf(c1, 0) && !math.IsInf(c2, 0) && c1 == c1 && c2 == c2:
		return true
	case c1 == c1 && c2 == c2 && !math.IsInf(c1, 1) && !math.IsInf(c2, 1): // one of them is all zeros
		for at := range y.Log {
			y.Log[at], y.Sign[at] = Floor[F](), 1
		}
		if p.r != nil {
			clear(p.r[i*p.n*p.m:][:p.n*p.m])
			p.exact[i] = false
		}
	default:
		p.exactAll(i, y, a, b)
	}
	return false
}

// prepare sets out = s e^(l-c) and returns c, the largest logarithm, rounded so that sums of such
// constants are exact: -Inf if all numbers are zero, +Inf or NaN if there is one (out is then not to be used).
func prepare[F Float](out, l, s []F) float64 {
	c := constant(maxLog(l))
	scaledReals(out, l, s, c)
	return c
}

// constant rounds a largest logarithm to a multiple of 1/4, unless it is so large that sums are rounded in any case.
func constant[F Float](top F) float64 {
	c := float64(top)
	if math.Abs(c) < 1<<18 {
		c = math.RoundToEven(4*c) / 4
	}
	return c
}

// scaledReals sets out = s e^(l-c), zeros to 0.
func scaledReals[F Float](out, l, s []F, c float64) {
	if math.IsInf(c, 0) || len(l) == 0 {
		clear(out)
		return
	}
	simd.SignedExp(out, l, s, F(c))
	if c < float64(Floor[F]()+reach[F]()) { // e^(Floor-c) is not zero
		for i, v := range l {
			if IsZero(v) {
				out[i] = 0
			}
		}
	}
}

// noise is the exponent below which an element of R may be rounding error: the largest elements of P and Q are about 1.
func noise[F Float]() int {
	if floats.Single[F]() {
		return -18
	}
	return -47
}

// tiny is the exponent of elements of P and Q above which their products do not underflow.
func tiny[F Float]() int {
	if floats.Single[F]() {
		return -60
	}
	return -480
}

// finish turns R into logarithms and signs, and computes again the elements that may be wrong.
func (p *Product[F]) finish(i int, R []F, y, a, b Tensor[F], c1, c2 float64) {
	doubtful := simd.LogAbs(y.Log, y.Sign, R, F(c1+c2), F(math.Ldexp(1, noise[F]())))
	offFloor(y.Log, F(c1+c2))
	p.settle(i, y, a, b, c1, c2, len(R), doubtful == 0)
}

// settle computes again the elements of a product that may be wrong. Elements are in blocks of that size, and trusted
// says of each block that all its elements are right.
func (p *Product[F]) settle(i int, y, a, b Tensor[F], c1, c2 float64, block int, trusted ...bool) {
	if p.exact != nil {
		p.exact[i] = false
	}
	if !slices.Contains(trusted, false) {
		return
	}
	limit := F(float64(noise[F]())*ln2 + c1 + c2)
	underflow := small(a.Log, c1) || small(b.Log, c2)
	doubtful := 0
	for at, ok := range trusted {
		if ok {
			continue
		}
		for _, l := range y.Log[at*block : min(len(y.Log), (at+1)*block)] {
			if l < limit && (underflow || !math.IsInf(float64(l), -1)) {
				doubtful++
			}
		}
	}
	if doubtful > len(y.Log)/16 && !p.shared() {
		p.rescale(i, y, a, b)
		return
	}
	for at, ok := range trusted {
		if !ok {
			p.mend(i, at*block, min(len(y.Log), (at+1)*block), y, a, b, limit, underflow)
		}
	}
}

// mend computes again those elements from lo to hi that lie below the limit.
func (p *Product[F]) mend(i, lo, hi int, y, a, b Tensor[F], limit F, underflow bool) {
	for at := lo; at < hi; at++ {
		switch l := y.Log[at]; {
		case l >= limit:
		case l != l:
			y.Sign[at] = 1
		case underflow || !math.IsInf(float64(l), -1):
			p.exactElement(i, at, y, a, b)
		default: // nothing underflowed, so this is a sum of zeros, or one that canceled exactly
			y.Log[at], y.Sign[at] = Floor[F](), 1
		}
	}
}

// small reports whether a nonzero number lies so far below the constant that products of two such
// underflow.
func small[F Float](l []F, c float64) bool { return anyBelow(l, F(c+float64(tiny[F]())*ln2)) }

// anyBelow reports whether a nonzero number lies below the limit.
func anyBelow[F Float](l []F, limit F) bool {
	if simd.CountBelow(l, limit) == 0 {
		return false
	}
	for _, v := range l {
		if v < limit && !IsZero(v) {
			return true
		}
	}
	return false
}

// rescale repeats a product with a constant for every row of a and every column of b.
func (p *Product[F]) rescale(i int, y, a, b Tensor[F]) {
	n, k, m := p.n, p.k, p.m
	s := &rescaled[F]{p: make([]F, n*k), q: make([]F, k*m)}
	c1, c2 := make([]float64, n), make([]float64, m)
	underflow := false
	for row := range n {
		l := a.Log[row*k:][:k]
		c1[row] = prepare(s.p[row*k:][:k], l, a.Sign[row*k:][:k])
		underflow = underflow || small(l, c1[row])
	}
	col, sign, out := make([]F, k), make([]F, k), make([]F, k)
	for j := range m {
		for row := range k {
			col[row], sign[row] = b.Log[row*m+j], b.Sign[row*m+j]
		}
		c2[j] = prepare(out, col, sign)
		underflow = underflow || small(col, c2[j])
		for row := range k {
			s.q[row*m+j] = out[row]
		}
	}
	R := make([]F, n*m)
	if p.o.Grad {
		R = p.r[i*n*m:][:n*m]
		p.mu.Lock()
		if p.rows == nil {
			p.rows = map[int]*rescaled[F]{}
		}
		p.rows[i] = s
		p.mu.Unlock()
	}
	matmul.Serial(false, false, n, m, k, 1, s.p, k, s.q, m, 0, R, m)
	limit := F(math.Ldexp(1, noise[F]()))
	for at, r := range R {
		switch {
		case r >= limit || r <= -limit:
			y.Log[at] = nonzero(F(math.Log(math.Abs(float64(r))) + c1[at/m] + c2[at%m]))
			y.Sign[at] = F(math.Copysign(1, float64(r)))
		case underflow || r != 0:
			p.exactElement(i, at, y, a, b)
		default:
			y.Log[at], y.Sign[at] = Floor[F](), 1
		}
	}
}

func (p *Product[F]) scratch() *lmmeScratch[F] {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		return s
	}
	s := &lmmeScratch[F]{}
	if p.p == nil {
		s.p, s.q = make([]F, p.n*p.k), make([]F, p.k*p.m)
	}
	if p.o.Grad {
		s.h = make([]F, p.n*p.m)
	}
	return s
}

func (p *Product[F]) release(s *lmmeScratch[F]) {
	p.mu.Lock()
	p.free = append(p.free, s)
	p.mu.Unlock()
}
