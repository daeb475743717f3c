package goom

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Backward writes the gradients with respect to the logarithms of A, B and x_0 (nil: not wanted), given
// dy with respect to those of x, for the operands and the result of the last Forward. The plan needs
// Options.Grad. With G_t = dy_t / x_t, elementwise and zero where x_t is zero, the adjoint states are
// one more scan, run backward and block-scaled like the states themselves:
//
//	L_t = G_t + L_{t+1} A_{t+1}^T
//	dl_A_t = A_t * (x_{t-1}^T L_t)    dl_B_t = B_t * L_t    dl_x_0 = x_0 * (L_1 A_1^T)
func (p *Scan[F]) Backward(da, db, dx0 []F, y, a, b, x0 Tensor[F], dy []F) {
	if !p.o.Grad {
		panic("goom: Backward of a Scan planned without Options.Grad")
	}
	p.operands(y, a, b, x0)
	same("Scan gradient", len(y.Log), len(dy))
	if da != nil {
		same("Scan gradient of A", len(a.Log), len(da))
	}
	if p.affine && db != nil {
		same("Scan gradient of B", len(b.Log), len(db))
	}
	if p.start && dx0 != nil {
		same("Scan gradient of x0", len(x0.Log), len(dx0))
	}
	if !p.affine {
		db = nil
	}
	if !p.start {
		dx0 = nil
	}
	p.da, p.db, p.dx0, p.dy = da, db, dx0, dy
	defer p.release()
	if p.batch*p.T*p.n*p.d == 0 {
		clear(da)
		clear(db)
		clear(dx0)
		return
	}
	if p.chunks > 1 {
		simd.For(p.batch*p.chunks, p.local)
	}
	simd.For(p.batch, p.carryBack)
	simd.For(p.batch*p.chunks, p.adjoin)
}

// multiplyT sets x = y a^T.
func (x *state[F]) multiplyT(y *state[F], a factor[F]) {
	matmul.Serial(false, true, x.rows, x.d, y.d, 1, y.mant, y.d, a.mant, y.d, 0, x.mant, x.d)
	for i, e := range y.exp {
		x.exp[i] = addExp(e, a.exp)
	}
	x.uniform, x.wide = y.uniform, nil
}

// upstream returns G_t.
func (p *Scan[F]) upstream(r *scanRun[F], t int) rowFactor[F] {
	n := p.n * p.d
	quotient(r.g, p.dy[t*n:][:n], p.mantX[t*n:][:n])
	for i, e := range p.expX[t*p.n:][:p.n] {
		r.ge[i] = -e
	}
	return rowFactor[F]{mant: r.g, exp: r.ge, whole: true, uniform: !p.rowsX[t]}
}

// step sets next = L_t from cur = L_{t+1}, or from nothing (first).
func (p *Scan[F]) step(r *scanRun[F], next, cur *state[F], first bool, t int) {
	if first {
		next.clear()
	} else {
		next.multiplyT(cur, p.factor(t+1))
	}
	next.addAligned(p.upstream(r, t))
}

// wideSequence reports whether a sequence's states needed exponents for single elements.
func (p *Scan[F]) wideSequence(row int) bool {
	for i := range p.chunks {
		if p.runs[row*p.chunks+i].wide {
			return true
		}
	}
	return false
}

// localOne runs a chunk's adjoint from zero, and one step further, to what the chunk adds to the one before it.
func (p *Scan[F]) localOne(i int) {
	if i%p.chunks == 0 || p.wideSequence(i/p.chunks) {
		return
	}
	r := &p.runs[i]
	lo, hi := p.span(i)
	cur, next := r.spare[0].resized(p.n), r.spare[1].resized(p.n)
	for t := hi - 1; t >= lo; t-- {
		p.step(r, next, cur, t == hi-1, t)
		cur, next = next, cur
	}
	r.local.multiplyT(cur, p.factor(lo))
}

// carryBackOne walks a sequence's chunks from the last and computes the adjoint after each. For sequences that need
// exponents for single elements it computes the whole gradient.
func (p *Scan[F]) carryBackOne(row int) {
	if p.wideSequence(row) {
		p.wideBackward(row)
		return
	}
	runs := p.runs[row*p.chunks:][:p.chunks]
	for c := p.chunks - 2; c >= 0; c-- {
		after := &runs[c+1]
		if c == p.chunks-2 {
			runs[c].carry.copyFrom(after.local)
			continue
		}
		if f := after.total.factor(); f.exact == nil {
			runs[c].carry.multiplyT(after.carry, f)
		} else {
			runs[c].carry.setWide(after.carry.widen().mul(f.exact.transposed()))
			if runs[c].carry.wide != nil {
				runs[c].wide = true // adjoinOne leaves the sequence alone
				p.wideBackward(row)
				return
			}
		}
		runs[c].carry.addAligned(after.local.summand())
	}
}

// adjoinOne runs a chunk's adjoint from its carry and writes the gradients.
func (p *Scan[F]) adjoinOne(i int) {
	row, c := i/p.chunks, i%p.chunks
	if p.wideSequence(row) {
		return
	}
	r := &p.runs[i]
	lo, hi := p.span(i)
	cur, next := r.spare[0].resized(p.n), r.spare[1].resized(p.n)
	for t := hi - 1; t >= lo; t-- {
		switch {
		case t < hi-1:
			p.step(r, next, cur, false, t)
		case c == p.chunks-1:
			p.step(r, next, cur, true, t)
		default:
			next.copyFrom(r.carry)
			next.addAligned(p.upstream(r, t))
		}
		p.gradients(r, next, row, t)
		cur, next = next, cur
	}
	if c == 0 && p.dx0 != nil {
		next.multiplyT(cur, p.factor(lo))
		n := p.n * p.d
		weigh(p.dx0[row*n:][:n], p.first[row].mant, p.first[row].exp, next, 0)
	}
}

// gradients writes what L_t gives.
func (p *Scan[F]) gradients(r *scanRun[F], l *state[F], row, t int) {
	n := p.n * p.d
	if p.db != nil {
		weigh(p.db[t*n:][:n], p.mantB[t*n:][:n], p.expB[t*p.n:][:p.n], l, 0)
	}
	if p.da == nil {
		return
	}
	da, a := p.da[t*p.d*p.d:][:p.d*p.d], p.mantA[t*p.d*p.d:][:p.d*p.d]
	x, ex, uniform := []F(nil), []int64(nil), false
	switch {
	case t > row*p.T:
		x, ex, uniform = p.mantX[(t-1)*n:][:n], p.expX[(t-1)*p.n:][:p.n], !p.rowsX[t-1]
	case p.start:
		x, ex, uniform = p.first[row].mant, p.first[row].exp, p.first[row].uniform
	case p.affine: // from zero
		clear(da)
		return
	default: // from the identity
		weigh(da, a, nil, l, p.expA[t])
		return
	}
	q, lm := addExp(p.expA[t], addExp(ex[0], l.exp[0])), l.mant
	if !uniform || !l.uniform {
		q, lm = p.evenRows(r.g, l, x, ex, p.expA[t]), r.g
	}
	alpha := F(1)
	if q > -60 && q < 60 {
		alpha, q = F(pow2(q)), 0
	}
	matmul.Serial(true, false, p.d, p.d, p.n, alpha, x, p.d, lm, p.d, 0, da, p.d)
	simd.Mul(da, da, a)
	if q != 0 {
		scalePow2(da, da, int(min(max(q, -1<<20), 1<<20)))
	}
}

// evenRows writes the rows of L to out, scaled such that x^T out 2^q, for the q it returns, is x^T L with the exponents of
// x and of L and with ea. The largest products of rows are near 1.
func (p *Scan[F]) evenRows(out []F, l *state[F], x []F, ex []int64, ea int64) (q int64) {
	d := p.d
	q = math.MinInt64
	for i := range ex {
		tx, okx := topExponent(x[i*d:][:d])
		tl, okl := topExponent(l.mant[i*d:][:d])
		if okx && okl {
			q = max(q, addExp(addExp(ex[i], l.exp[i]), int64(tx+tl)))
		}
	}
	for i := range ex {
		shift := addExp(addExp(ex[i], l.exp[i]), -q)
		scalePow2(out[i*d:][:d], l.mant[i*d:][:d], int(min(max(shift, -1<<20), 1<<20)))
	}
	return addExp(q, ea)
}

// weigh sets d = x * L with all exponents applied: x has those of ex, if any, and e.
func weigh[F Float](d, x []F, ex []int64, l *state[F], e int64) {
	simd.Mul(d, x, l.mant)
	for i := range l.rows {
		q := addExp(l.exp[i], e)
		if ex != nil {
			q = addExp(q, ex[i])
		}
		if row := d[i*l.d:][:l.d]; q != 0 {
			scalePow2(row, row, int(min(max(q, -1<<20), 1<<20)))
		}
	}
}

// wideBackward is Backward of one sequence with an exponent for every number.
func (p *Scan[F]) wideBackward(row int) {
	n, lo, hi := p.n*p.d, row*p.T, (row+1)*p.T
	states := make([]*wide, p.T+1) // x_0, x_1, ...; nil: the identity or zero
	if p.start {
		states[0] = p.first[row].widen()
	}
	for t := lo; t < hi; t++ {
		w := newWide(p.n, p.d)
		y := part(p.y, t, n)
		for at := range w.mant {
			w.setSum(at, wideOf(y.Log[at], y.Sign[at]))
		}
		states[t-lo+1] = w
	}
	var l *wide
	for t := hi - 1; t >= lo; t-- {
		g := newWide(p.n, p.d)
		for at, x := range states[t-lo+1].mant {
			if x != 0 {
				g.set(at, float64(p.dy[t*n+at])/x, -states[t-lo+1].exp[at])
			}
		}
		if l != nil {
			g.add(l.mul(widenFactor(p.factor(t+1), p.d, p.d).transposed()))
		}
		l = g
		if p.db != nil {
			storeProduct(p.db[t*n:][:n], l, widenRows(p.summand(t), p.n, p.d))
		}
		if p.da == nil {
			continue
		}
		d := l // of the identity
		switch prev := states[t-lo]; {
		case prev != nil:
			d = prev.transposed().mul(l)
		case p.affine:
			d = newWide(p.d, p.d)
		}
		storeProduct(p.da[t*p.d*p.d:][:p.d*p.d], d, widenFactor(p.factor(t), p.d, p.d))
	}
	if p.dx0 != nil {
		storeProduct(p.dx0[row*n:][:n], l.mul(widenFactor(p.factor(lo), p.d, p.d).transposed()), states[0])
	}
}

// storeProduct writes dst = w * x, element by element; the products are of ordinary size.
func storeProduct[F Float](dst []F, w, x *wide) {
	for at, m := range w.mant {
		dst[at] = F(Scaled{Mant: m * x.mant[at], Exp: addExp(w.exp[at], x.exp[at])}.Float64())
	}
}
