package goom

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Backward writes the gradients with respect to the logarithms of a and b (nil: not wanted), given dy with
// respect to those of y, for the operands and the result of the last Forward. The plan needs
// Options.Grad. With H = dy / R, elementwise and zero where R is zero,
//
//	dl1 = P * (H Q^T), dl2 = Q * (P^T H),
//
// summed over the products that share a stretched operand. Elements that were computed as log-sum-exps
// add dy_ij e^(l1_ik + l2_kj - y_ij) with the signs' product.
func (p *Product[F]) Backward(da, db []F, a, b, y Tensor[F], dy []F) {
	if !p.o.Grad {
		panic("goom: Backward of a Product planned without Options.Grad")
	}
	same("LMME gradient", p.batch*p.n*p.m, len(dy), len(y.Log))
	if da != nil {
		same("LMME gradient of a", p.countA*p.n*p.k, len(da), len(a.Log))
	}
	if db != nil {
		same("LMME gradient of b", p.countB*p.k*p.m, len(db), len(b.Log))
	}
	p.y, p.a, p.b, p.da, p.db, p.dy = y, a, b, da, db, dy
	switch {
	case p.batch*p.n*p.k*p.m == 0: // empty, or sums of nothing
		clear(da)
		clear(db)
	case p.wide != nil:
		for i := range p.batch {
			p.wide.backward(i)
		}
	case p.shared():
		if da != nil {
			simd.For(p.countA, p.gradA)
		}
		if db != nil {
			simd.For(p.countB, p.gradB)
		}
	default:
		simd.ForRange(p.batch, p.grain(), p.backward)
	}
	p.y, p.a, p.b = Tensor[F]{}, Tensor[F]{}, Tensor[F]{}
	p.da, p.db, p.dy = nil, nil, nil
}

// backwardRange differentiates products one after another on one core; every operand belongs to one.
func (p *Product[F]) backwardRange(lo, hi int) {
	s := p.scratch()
	for i := lo; i < hi; i++ {
		p.backwardOne(i, s.h)
	}
	p.release(s)
}

func (p *Product[F]) backwardOne(i int, H []F) {
	n, k, m := p.n, p.k, p.m
	quotient(H, p.dy[i*n*m:][:n*m], p.r[i*n*m:][:n*m])
	P, Q := p.reals(i)
	if p.da != nil {
		d := p.da[i*n*k:][:n*k]
		matmul.Serial(false, true, n, k, m, 1, H, m, Q, m, 0, d, k)
		simd.Mul(d, d, P)
		p.exactGrad(i, d, nil)
	}
	if p.db != nil {
		d := p.db[i*k*m:][:k*m]
		matmul.Serial(true, false, k, m, n, 1, P, k, H, m, 0, d, m)
		simd.Mul(d, d, Q)
		p.exactGrad(i, nil, d)
	}
}

// backwardA sums the gradient of the j-th matrix of a over the products that take it.
func (p *Product[F]) backwardA(j int) {
	n, k, m := p.n, p.k, p.m
	s := p.scratch()
	defer p.release(s)
	d := p.da[j*n*k:][:n*k]
	clear(d)
	for _, i := range p.usesA[j] {
		_, Q := p.reals(int(i))
		quotient(s.h, p.dy[int(i)*n*m:][:n*m], p.r[int(i)*n*m:][:n*m])
		matmul.Serial(false, true, n, k, m, 1, s.h, m, Q, m, 1, d, k)
	}
	simd.Mul(d, d, p.p[j*n*k:][:n*k])
	for _, i := range p.usesA[j] {
		p.exactGrad(int(i), d, nil)
	}
}

// backwardB sums the gradient of the j-th matrix of b over the products that take it.
func (p *Product[F]) backwardB(j int) {
	n, k, m := p.n, p.k, p.m
	s := p.scratch()
	defer p.release(s)
	d := p.db[j*k*m:][:k*m]
	clear(d)
	for _, i := range p.usesB[j] {
		P, _ := p.reals(int(i))
		quotient(s.h, p.dy[int(i)*n*m:][:n*m], p.r[int(i)*n*m:][:n*m])
		matmul.Serial(true, false, k, m, n, 1, P, k, s.h, m, 1, d, m)
	}
	simd.Mul(d, d, p.q[j*k*m:][:k*m])
	for _, i := range p.usesB[j] {
		p.exactGrad(int(i), nil, d)
	}
}

// reals returns P and Q of the i-th product.
func (p *Product[F]) reals(i int) (P, Q []F) {
	if s := p.rows[i]; s != nil {
		return s.p, s.q
	}
	n, k, m := p.n, p.k, p.m
	return p.p[pick(p.ia, i)*n*k:][:n*k], p.q[pick(p.ib, i)*k*m:][:k*m]
}

// quotient sets h = dy / r, and 0 where r is 0.
func quotient[F Float](h, dy, r []F) {
	h, dy = h[:len(r)], dy[:len(r)]
	for i, v := range r {
		if v != 0 {
			h[i] = dy[i] / v
		} else {
			h[i] = 0
		}
	}
}

// exactGrad adds the contribution of the elements computed as log-sum-exps to the gradient of a matrix of a or of b.
func (p *Product[F]) exactGrad(i int, da, db []F) {
	if !p.exact[i] {
		return
	}
	n, k, m := p.n, p.k, p.m
	y, a, b := p.operands(i)
	for at, r := range p.r[i*n*m:][:n*m] {
		g := float64(p.dy[i*n*m+at])
		if r != 0 || g == 0 || IsZero(y.Log[at]) {
			continue
		}
		row, j := at/m, at%m
		sum := dot(a, row*k, 1, b, j, m, k)
		for t := range k {
			la, lb := a.Log[row*k+t], b.Log[t*m+j]
			if IsZero(la) || IsZero(lb) {
				continue
			}
			d := F(g * sum.share(float64(la), float64(lb), float64(a.Sign[row*k+t]*b.Sign[t*m+j])))
			if da != nil {
				da[row*k+t] += d
			}
			if db != nil {
				db[t*m+j] += d
			}
		}
	}
}

// A largeProduct computes one product after another, each in blocks of elements that are shared out over the cores.
type largeProduct[F Float] struct {
	p       *Product[F]
	h       []F    // with Grad
	trusted []bool // per block of elements
	top     []F
	max     func(lo, hi int)
	exp     func(lo, hi int)
	log     func(lo, hi int)
	divide  func(lo, hi int)
	weigh   func(lo, hi int)
	x, s, u []F // the present operand, its signs, and where results go
	c       float64
}

func newLargeProduct[F Float](p *Product[F]) *largeProduct[F] {
	w := &largeProduct[F]{p: p}
	blocks := max(p.n*p.k, p.k*p.m, p.n*p.m)/simd.Grain + 1
	w.trusted, w.top = make([]bool, blocks), make([]F, blocks)
	if p.o.Grad {
		w.h = make([]F, p.n*p.m)
	}
	w.max = func(lo, hi int) { w.top[lo/simd.Grain] = maxLog(w.x[lo:hi]) }
	w.exp = func(lo, hi int) { scaledReals(w.u[lo:hi], w.x[lo:hi], w.s[lo:hi], w.c) }
	w.log = func(lo, hi int) {
		least := F(math.Ldexp(1, noise[F]()))
		w.trusted[lo/simd.Grain] = simd.LogAbs(w.u[lo:hi], w.s[lo:hi], w.x[lo:hi], F(w.c), least) == 0
		offFloor(w.u[lo:hi], F(w.c))
	}
	w.divide = func(lo, hi int) { quotient(w.u[lo:hi], w.s[lo:hi], w.x[lo:hi]) }
	w.weigh = func(lo, hi int) { simd.Mul(w.u[lo:hi], w.u[lo:hi], w.x[lo:hi]) }
	return w
}

// prepare is the function prepare, shared out over the cores.
func (w *largeProduct[F]) prepare(out, l, s []F) float64 {
	w.u, w.x, w.s = out, l, s
	simd.ForRange(len(l), simd.Grain, w.max)
	top := F(math.Inf(-1))
	for _, v := range w.top[:simd.Pieces(len(l), simd.Grain)] {
		if v > top || v != v {
			top = v
		}
	}
	w.c = constant(top)
	simd.ForRange(len(l), simd.Grain, w.exp)
	return w.c
}

func (w *largeProduct[F]) forward(i int) {
	p := w.p
	n, k, m := p.n, p.k, p.m
	y, a, b := p.operands(i)
	P, Q, R := p.p[i*n*k:][:n*k], p.q[i*k*m:][:k*m], y.Log
	if p.r != nil {
		R = p.r[i*n*m:][:n*m]
	}
	c1, c2 := w.prepare(P, a.Log, a.Sign), w.prepare(Q, b.Log, b.Sign)
	p.c1[i], p.c2[i] = c1, c2
	if !p.plain(i, c1, c2, y, a, b) {
		return
	}
	matmul.Gemm(false, false, n, m, k, 1, P, k, Q, m, 0, R, m)
	w.u, w.s, w.x, w.c = y.Log, y.Sign, R, c1+c2
	simd.ForRange(n*m, simd.Grain, w.log)
	p.settle(i, y, a, b, c1, c2, simd.Grain, w.trusted[:simd.Pieces(n*m, simd.Grain)]...)
}

func (w *largeProduct[F]) backward(i int) {
	p := w.p
	n, k, m := p.n, p.k, p.m
	P, Q := p.reals(i)
	w.u, w.s, w.x = w.h, p.dy[i*n*m:][:n*m], p.r[i*n*m:][:n*m]
	simd.ForRange(n*m, simd.Grain, w.divide)
	if p.da != nil {
		d := p.da[i*n*k:][:n*k]
		matmul.Gemm(false, true, n, k, m, 1, w.h, m, Q, m, 0, d, k)
		w.u, w.x = d, P
		simd.ForRange(n*k, simd.Grain, w.weigh)
		p.exactGrad(i, d, nil)
	}
	if p.db != nil {
		d := p.db[i*k*m:][:k*m]
		matmul.Gemm(true, false, k, m, n, 1, P, k, w.h, m, 0, d, m)
		w.u, w.x = d, Q
		simd.ForRange(k*m, simd.Grain, w.weigh)
		p.exactGrad(i, nil, d)
	}
}
