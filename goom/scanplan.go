package goom

import (
	"fmt"
	"slices"

	"goomtrain/internal/simd"
)

// A Scan computes the recurrence x_t = x_{t-1} A_t + B_t, t = 1..T, over GOOMs of fixed shapes: A [.., T, d, d], B and
// x [.., T, n, d], x_0 [.., n, d]. Without B it is x_0 A_1 ... A_t; with neither B nor x_0, which is then the identity
// (n = d), it is the prefix products. The state is block-scaled with one exponent for every row, so that it does not
// overflow, underflow or lose digits. Where the elements of one row are too far apart for that, every element gets an
// exponent.
//
// With few sequences and a long T the steps are shared out over the cores as well: T is cut into chunks, the products of
// the chunks are formed side by side, the state before each chunk is computed from them, and every chunk is run again
// from that state. The cut depends on the shapes alone. A Scan keeps its memory. It is not safe for concurrent use.
type Scan[F Float] struct {
	batch, T, n, d int
	affine, start  bool // with B, with x_0
	o              Options
	chunks, length int // of T

	mantA  []F // [batch, T, d, d]
	expA   []int64
	wholeA []bool
	mantB  []F // [batch, T, n, d]
	expB   []int64
	wholeB []bool // [batch, T]
	mantX  []F    // with Grad: [batch, T, n, d]
	expX   []int64
	rowsX  []bool       // with Grad: the exponents of a state differ
	first  []*state[F]  // x_0 of every sequence, if there is one
	runs   []scanRun[F] // [batch, chunks]

	// The operands of the present call, for the stored bodies of the parallel loops.
	y, a, b, x0                  Tensor[F]
	da, db, dx0, dy              []F
	total, rescan, local, adjoin func(int)
	carry, carryBack             func(int)
}

// scanRun is the memory of one chunk of one sequence.
type scanRun[F Float] struct {
	total *state[F]    // the product of the chunk's A
	local *state[F]    // affine: the state after the chunk from zero; backward: the adjoint before it
	carry *state[F]    // the state before the chunk (backward: the adjoint after it); nil: none
	spare [2]*state[F] // the states in turn,
	view  [2]*state[F] // with Grad in the plan's memory
	wide  bool         // some state did not fit one exponent for each row
	g     []F          // backward: dy / x
	ge    []int64
}

// NewScan plans a scan of A of shape a with B of shape b (nil: none) and, if start is set, an x_0 of n
// rows: n is B's, or the rows argument's where there is no B. Without B and x_0 rows is not used.
func NewScan[F Float](a, b []int, start bool, rows int, o Options) *Scan[F] {
	if len(a) < 3 || a[len(a)-1] != a[len(a)-2] {
		panic(fmt.Sprintf("goom: a scan needs square matrices [.., T, d, d], got shape %v", a))
	}
	k := len(a) - 3
	p := &Scan[F]{batch: size(a[:k]), T: a[k], d: a[k+1], affine: b != nil, start: start, o: o}
	switch {
	case b != nil:
		if len(b) != len(a) || !slices.Equal(a[:k+1], b[:k+1]) || b[k+2] != p.d {
			panic(fmt.Sprintf("goom: a scan of A %v and B %v: want B [.., T, n, d]", a, b))
		}
		p.n = b[k+1]
	case start:
		p.n = rows
	default:
		p.n = p.d
	}
	if p.n < 0 {
		panic(fmt.Sprintf("goom: a scan of %d rows", p.n))
	}
	p.plan()
	return p
}

// minChunk is the least number of steps worth a chunk.
const minChunk = 32

// plan decides how the work is cut and allocates.
func (p *Scan[F]) plan() {
	p.chunks = 1
	// Forming the chunks' products costs d rows a step where the scan itself has n.
	if p.batch > 0 && p.batch < 8 && 2*p.n >= p.d {
		p.chunks = min(8/p.batch, max(1, p.T/minChunk))
	}
	p.length = (p.T + p.chunks - 1) / p.chunks
	p.chunks = max(1, (p.T+p.length-1)/max(1, p.length))
	steps := p.batch * p.T
	p.mantA, p.expA, p.wholeA = make([]F, steps*p.d*p.d), make([]int64, steps), make([]bool, steps)
	if p.affine {
		p.mantB, p.expB, p.wholeB = make([]F, steps*p.n*p.d), make([]int64, steps*p.n), make([]bool, steps)
	}
	if p.o.Grad {
		p.mantX, p.expX, p.rowsX = make([]F, steps*p.n*p.d), make([]int64, steps*p.n), make([]bool, steps)
	}
	p.runs = make([]scanRun[F], p.batch*p.chunks)
	for i := range p.runs {
		r := &p.runs[i]
		if p.chunks > 1 {
			r.total, r.local = newState[F](p.d, p.d), newState[F](p.n, p.d)
		}
		rows := max(p.n, p.d) // the spare states also form the totals
		r.spare = [2]*state[F]{newState[F](rows, p.d), newState[F](rows, p.d)}
		r.carry = newState[F](p.n, p.d)
		if p.o.Grad {
			r.view = [2]*state[F]{{rows: p.n, d: p.d}, {rows: p.n, d: p.d}}
			r.g, r.ge = make([]F, p.n*p.d), make([]int64, p.n)
		}
	}
	if p.start {
		p.first = make([]*state[F], p.batch)
		for i := range p.first {
			p.first[i] = newState[F](p.n, p.d)
		}
	}
	p.total, p.rescan, p.carry = p.totalOne, p.rescanOne, p.carryOne
	p.local, p.adjoin, p.carryBack = p.localOne, p.adjoinOne, p.carryBackOne
}

// Forward computes x [.., T, n, d] into y. b and x0 are empty where the plan has none.
func (p *Scan[F]) Forward(y, a, b, x0 Tensor[F]) {
	p.operands(y, a, b, x0)
	defer p.release()
	if p.batch*p.T*p.n*p.d == 0 {
		return
	}
	if p.chunks > 1 {
		simd.For(p.batch*p.chunks, p.total)
	}
	simd.For(p.batch, p.carry)
	simd.For(p.batch*p.chunks, p.rescan)
}

func (p *Scan[F]) operands(y, a, b, x0 Tensor[F]) {
	steps := p.batch * p.T
	same("Scan x", steps*p.n*p.d, len(y.Log), len(y.Sign))
	same("Scan A", steps*p.d*p.d, len(a.Log), len(a.Sign))
	if p.affine {
		same("Scan B", steps*p.n*p.d, len(b.Log), len(b.Sign))
	}
	if p.start {
		same("Scan x0", p.batch*p.n*p.d, len(x0.Log), len(x0.Sign))
	}
	p.y, p.a, p.b, p.x0 = y, a, b, x0
}

func (p *Scan[F]) release() {
	p.y, p.a, p.b, p.x0 = Tensor[F]{}, Tensor[F]{}, Tensor[F]{}, Tensor[F]{}
	p.da, p.db, p.dx0, p.dy = nil, nil, nil, nil
}

// span is the steps [lo, hi) of the i-th run, as indices into [batch, T].
func (p *Scan[F]) span(i int) (lo, hi int) {
	row, c := i/p.chunks, i%p.chunks
	return row*p.T + c*p.length, row*p.T + min(p.T, (c+1)*p.length)
}

// convert makes the mantissas of the factors of step t (of [batch, T]).
func (p *Scan[F]) convert(t int) {
	n := p.d * p.d
	p.expA[t], p.wholeA[t] = mantissas(p.mantA[t*n:][:n], p.a.Log[t*n:][:n], p.a.Sign[t*n:][:n])
	if p.affine {
		p.wholeB[t] = convertRows(p.mantB, p.expB, p.b, t, p.n, p.d)
	}
}

// convertRows makes the mantissas of the t-th matrix [n, d] of b, every row under its own exponent.
func convertRows[F Float](mant []F, exp []int64, b Tensor[F], t, n, d int) (whole bool) {
	whole = true
	for i := t * n; i < (t+1)*n; i++ {
		e, ok := mantissas(mant[i*d:][:d], b.Log[i*d:][:d], b.Sign[i*d:][:d])
		exp[i] = e
		whole = whole && ok
	}
	return whole
}

func (p *Scan[F]) factor(t int) factor[F] {
	n := p.d * p.d
	return factor[F]{mant: p.mantA[t*n:][:n], exp: p.expA[t], whole: p.wholeA[t], log: part(p.a, t, n)}
}

func (p *Scan[F]) summand(t int) rowFactor[F] {
	n := p.n * p.d
	return rowFactor[F]{mant: p.mantB[t*n:][:n], exp: p.expB[t*p.n:][:p.n], whole: p.wholeB[t], log: part(p.b, t, n)}
}

// part is the t-th piece of n numbers of a tensor.
func part[F Float](x Tensor[F], t, n int) Tensor[F] {
	return Tensor[F]{Log: x.Log[t*n:][:n], Sign: x.Sign[t*n:][:n]}
}

// setFactor makes a state [d, d] equal to a factor.
func (x *state[F]) setFactor(a factor[F]) {
	if a.whole {
		x.set(a.mant, a.exp)
		return
	}
	x.setWide(widenFactor(a, x.rows, x.d))
}

// totalOne forms the product of a chunk's A, and for affine scans the state after it from zero.
func (p *Scan[F]) totalOne(i int) {
	r := &p.runs[i]
	lo, hi := p.span(i)
	if i%p.chunks == p.chunks-1 { // the product of the last chunk is not needed
		for t := lo; t < hi; t++ {
			p.convert(t)
		}
		return
	}
	cur, next := r.spare[0].resized(p.d), r.spare[1].resized(p.d)
	for t := lo; t < hi; t++ {
		p.convert(t)
		if t == lo {
			cur.setFactor(p.factor(t))
			continue
		}
		next.mul(cur, p.factor(t))
		cur, next = next, cur
	}
	r.total.copyFrom(cur)
	if !p.affine {
		return
	}
	cur, next = r.spare[0].resized(p.n), r.spare[1].resized(p.n)
	cur.clear()
	for t := lo; t < hi; t++ {
		next.mul(cur, p.factor(t))
		next.add(p.summand(t))
		cur, next = next, cur
	}
	r.local.copyFrom(cur)
}

// carryOne computes the state before each chunk of a sequence.
func (p *Scan[F]) carryOne(row int) {
	runs := p.runs[row*p.chunks:][:p.chunks]
	if p.start {
		x := p.first[row]
		x.wide = nil
		if !convertRows(x.mant, x.exp, part(p.x0, row, p.n*p.d), 0, p.n, p.d) {
			w := newWide(p.n, p.d)
			for at := range w.mant {
				k := row*p.n*p.d + at
				w.setSum(at, wideOf(p.x0.Log[k], p.x0.Sign[k]))
			}
			x.setWide(w)
		}
		x.uniform = x.rows == 1
		runs[0].carry.copyFrom(x)
	} else {
		runs[0].carry.clear() // affine from zero; the identity of prefix products is skipped instead
	}
	for c := 1; c < p.chunks; c++ {
		prev := &runs[c-1]
		if c == 1 && !p.start {
			if p.affine {
				runs[c].carry.copyFrom(prev.local)
			} else {
				runs[c].carry.copyFrom(prev.total)
			}
			continue
		}
		runs[c].carry.mul(prev.carry, prev.total.factor())
		if p.affine {
			runs[c].carry.add(prev.local.summand())
		}
	}
}

// rescanOne runs a chunk from its carry and writes its states.
func (p *Scan[F]) rescanOne(i int) {
	r := &p.runs[i]
	lo, hi := p.span(i)
	n := p.n * p.d
	r.wide = false
	prev := r.carry
	for t := lo; t < hi; t++ {
		if p.chunks == 1 { // else done when the chunks' products were formed
			p.convert(t)
		}
		x := r.spare[t&1].resized(p.n)
		if p.o.Grad {
			x = r.view[t&1]
			x.mant, x.exp = p.mantX[t*n:][:n], p.expX[t*p.n:][:p.n]
		}
		l, s := p.y.Log[t*n:][:n], p.y.Sign[t*n:][:n]
		switch {
		case i%p.chunks == 0 && t == lo && !p.start && !p.affine:
			x.setFactor(p.factor(t)) // the identity times A_1
			x.logs(l, s)
		case p.affine:
			x.mul(prev, p.factor(t))
			x.add(p.summand(t))
			x.logs(l, s)
		default:
			x.mulLogs(prev, p.factor(t), l, s)
		}
		if p.o.Grad {
			p.rowsX[t] = !x.uniform
			if t > lo {
				p.rowsX[t-1] = !prev.uniform // the step may have normalized its rows
			}
		}
		r.wide = r.wide || x.wide != nil || !p.wholeA[t]
		prev = x
	}
}
