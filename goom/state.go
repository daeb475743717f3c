package goom

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
	"goomtrain/internal/simd/matmul"
)

// A state is the running matrix of a chain or scan, [rows, d], one exponent per row: row i is
// mant[i] * 2^exp[i]. Where a row's own elements differ too much in magnitude for floats under one
// exponent, the state is wide: every element has an exponent of its own, slow but right.
type state[F Float] struct {
	rows, d int
	mant    []F     // [rows, d]
	exp     []int64 // [rows]
	uniform bool    // all exponents are equal
	wide    *wide   // nil: mant and exp hold the state
}

func newState[F Float](rows, d int) *state[F] {
	return &state[F]{rows: rows, d: d, mant: make([]F, rows*d), exp: make([]int64, rows), uniform: true}
}

// A factor is a matrix [d, d] that a state is multiplied by.
type factor[F Float] struct {
	mant  []F
	exp   int64
	whole bool      // no element lost digits
	log   Tensor[F] // the same as logarithms, and
	exact *wide     // with single exponents: for what mant cannot hold; either may be missing
}

// A rowFactor is a matrix that is added to a state: an exponent for every row.
type rowFactor[F Float] struct {
	mant    []F
	exp     []int64
	whole   bool // no element lost digits
	uniform bool // all exponents are equal
	log     Tensor[F]
	exact   *wide
}

// doubt is the exponent of mantissas from which on an element of a product is right: terms that underflowed do not
// count beside it. (Mantissas are normalized when they leave 2^±32, and the largest of a factor is near 1.) Whether a
// smaller element is right depends on the smallest elements of the operands.
func doubt[F Float]() int {
	if floats.Single[F]() {
		return -85
	}
	return -900
}

// normal is the exponent of the smallest normal number.
func normal[F Float]() int {
	if floats.Single[F]() {
		return -126
	}
	return -1022
}

// setIdentity makes a square state the identity.
func (x *state[F]) setIdentity() {
	x.wide, x.uniform = nil, true
	clear(x.mant)
	clear(x.exp)
	for i := range x.rows {
		x.mant[i*x.d+i] = 1
	}
}

// set copies a matrix under one exponent.
func (x *state[F]) set(mant []F, exp int64) {
	x.wide, x.uniform = nil, true
	copy(x.mant, mant)
	for i := range x.exp {
		x.exp[i] = exp
	}
}

// copyFrom makes x equal to y.
func (x *state[F]) copyFrom(y *state[F]) {
	copy(x.mant, y.mant)
	copy(x.exp, y.exp)
	x.uniform = y.uniform
	x.wide = y.wide // never written again once made
}

// mul sets x = y a for another state y, whose rows it may normalize.
func (x *state[F]) mul(y *state[F], a factor[F]) {
	for y.wide == nil && a.whole {
		x.multiply(y, a)
		if within(x.mant, doubt[F]()) || !underflows(y.mant, a.mant) {
			x.normalize()
			return
		}
		if !y.normalizeRows() {
			break
		}
	}
	x.mulWide(y, a)
}

// mulLogs is mul that also writes the logarithms and signs of x.
func (x *state[F]) mulLogs(y *state[F], a factor[F], l, s []F) {
	for y.wide == nil && a.whole {
		x.multiply(y, a)
		if x.writeLogs(l, s, doubt[F]()) || !underflows(y.mant, a.mant) {
			x.normalize()
			return
		}
		if !y.normalizeRows() {
			break
		}
	}
	x.mulWide(y, a)
	x.logs(l, s)
}

// sharedOut is the width above which a single product is shared out over the cores.
const sharedOut = 128

// multiply sets x = y a without a look at what underflows.
func (x *state[F]) multiply(y *state[F], a factor[F]) {
	if x.d > sharedOut {
		matmul.Gemm(false, false, x.rows, x.d, y.d, 1, y.mant, y.d, a.mant, x.d, 0, x.mant, x.d)
	} else {
		matmul.Serial(false, false, x.rows, x.d, y.d, 1, y.mant, y.d, a.mant, x.d, 0, x.mant, x.d)
	}
	for i, e := range y.exp {
		x.exp[i] = addExp(e, a.exp)
	}
	x.uniform, x.wide = y.uniform, nil
}

// underflows reports whether products of the elements of x and y may fall below the normal numbers.
func underflows[F Float](x, y []F) bool {
	ex, okx := exponent[F](leastNonzero(x))
	ey, oky := exponent[F](leastNonzero(y))
	return okx && oky && ex+ey < normal[F]() // not ok: all zeros, infinities or NaNs
}

// add sets x = x + b, where b is a matrix of x's shape with an exponent for every row.
func (x *state[F]) add(b rowFactor[F]) {
	if x.wide != nil || !b.whole || x.addFades(b) {
		w := x.widen()
		w.add(widenRows(b, x.rows, x.d))
		x.setWide(w)
		return
	}
	x.addAligned(b)
}

// addAligned is add under one exponent for each row, for summands none of which vanish or whose loss does not matter.
func (x *state[F]) addAligned(b rowFactor[F]) {
	if x.uniform && b.uniform && x.rows > 0 {
		e := alignAdd(x.mant, x.exp[0], b.mant, b.exp[0])
		for i := range x.exp {
			x.exp[i] = e
		}
		return
	}
	x.uniform = true
	for i := range x.rows {
		x.exp[i] = alignAdd(x.mant[i*x.d:][:x.d], x.exp[i], b.mant[i*x.d:][:x.d], b.exp[i])
		x.uniform = x.uniform && x.exp[i] == x.exp[0]
	}
}

// alignAdd sets x to the mantissas of x*2^ex + b*2^eb and returns their exponent, which brings the larger
// of the two near 1.
func alignAdd[F Float](x []F, ex int64, b []F, eb int64) int64 {
	e, okx, okb := common(x, ex, b, eb)
	p, q := F(1), F(1) // of zeros, and of rows of infinities and NaNs
	if okx {
		p = F(pow2(ex - e))
	}
	if okb {
		q = F(pow2(eb - e))
	}
	if p == 0 || q == 0 {
		for i, v := range b {
			x[i] = fade(x[i], p) + fade(v, q)
		}
		return e
	}
	simd.ScaleAddMaxAbs(x, p, x, q, b)
	return e
}

// fade is v * p, but an infinity outlives a factor of zero.
func fade[F Float](v, p F) F {
	if v-v != 0 {
		return v
	}
	return v * p
}

// common is the exponent of the largest finite number of x*2^ex and b*2^eb, and whether each of the two has one.
func common[F Float](x []F, ex int64, b []F, eb int64) (e int64, okx, okb bool) {
	tx, okx := topExponent(x)
	tb, okb := topExponent(b)
	switch {
	case okx && okb:
		return max(addExp(ex, int64(tx)), addExp(eb, int64(tb))), okx, okb
	case okx:
		return addExp(ex, int64(tx)), okx, okb
	case okb:
		return addExp(eb, int64(tb)), okx, okb
	}
	return ex, false, false
}

// addFades reports whether numbers would lose digits if the rows of x and b were aligned, or are not finite.
func (x *state[F]) addFades(b rowFactor[F]) bool {
	for i := range x.rows {
		row, add := x.mant[i*x.d:][:x.d], b.mant[i*x.d:][:x.d]
		e, _, _ := common(row, x.exp[i], add, b.exp[i])
		if !finite(row) || !finite(add) || fades(row, x.exp[i]-e) || fades(add, b.exp[i]-e) {
			return true
		}
	}
	return false
}

// fades reports whether a nonzero element of x * 2^e would not be a normal number.
func fades[F Float](x []F, e int64) bool {
	least, ok := exponent[F](leastNonzero(x))
	return ok && addExp(e, int64(least)) < int64(normal[F]())
}

// pow2 is 2^e, 0 or +Inf beyond float64.
func pow2(e int64) float64 { return math.Ldexp(1, int(min(max(e, -1<<20), 1<<20))) }

// finite reports whether no number is an infinity or NaN.
func finite[F Float](x []F) bool {
	m := simd.MaxAbs(x)
	return m-m == 0
}

// normalize brings the largest magnitude back near 1 once it has left [2^-32, 2^32].
func (x *state[F]) normalize() {
	if e, ok := topExponent(x.mant); ok && (e > 32 || e < -32) {
		scalePow2(x.mant, x.mant, -e)
		for i := range x.exp {
			x.exp[i] = addExp(x.exp[i], int64(e))
		}
	}
}

// normalizeRows brings every row's largest magnitude into [1, 2) and reports whether that changed one.
func (x *state[F]) normalizeRows() (changed bool) {
	for i := range x.rows {
		row := x.mant[i*x.d:][:x.d]
		if e, ok := topExponent(row); ok && e != 0 {
			scalePow2(row, row, -e)
			x.exp[i] = addExp(x.exp[i], int64(e))
			x.uniform, changed = x.uniform && x.rows == 1, true
		}
	}
	return changed
}

// logs writes the logarithms and signs of the state.
func (x *state[F]) logs(l, s []F) {
	if x.wide != nil {
		wideLogs(x.wide, l, s)
		return
	}
	x.writeLogs(l, s, normal[F]())
}

// writeLogs is logs of a state that is not wide. It reports whether every mantissa is at least 2^least.
func (x *state[F]) writeLogs(l, s []F, least int) (ordinary bool) {
	if x.uniform && x.rows > 0 {
		return logsOf(l, s, x.mant, x.exp[0], least)
	}
	ordinary = true
	for i, e := range x.exp {
		row := x.mant[i*x.d:][:x.d]
		ordinary = logsOf(l[i*x.d:][:x.d], s[i*x.d:][:x.d], row, e, least) && ordinary
	}
	return ordinary
}

// mulWide is mul element by element with an exponent for each.
func (x *state[F]) mulWide(y *state[F], a factor[F]) {
	x.setWide(y.widen().mul(widenFactor(a, y.d, x.d)))
}

// widen returns the state in wide form; a wide state itself is never written again.
func (x *state[F]) widen() *wide {
	if x.wide != nil {
		return x.wide.clone()
	}
	w := newWide(x.rows, x.d)
	for i := range w.mant {
		w.set(i, float64(x.mant[i]), x.exp[i/x.d])
	}
	return w
}

// setWide makes w the state: as mantissas with one exponent for each row if no digit is lost, else in wide form.
func (x *state[F]) setWide(w *wide) {
	span := int64(-doubt[F]())
	for i := range x.rows {
		lo, hi := w.span(i)
		if hi > lo && (hi-lo > span || hi-lo < 0) { // the difference may overflow
			x.wide = w
			return
		}
		x.exp[i] = hi
		for at := i * x.d; at < (i+1)*x.d; at++ {
			if m := w.mant[at]; m != 0 && m-m == 0 {
				x.mant[at] = F(m * pow2(w.exp[at]-hi))
			} else {
				x.mant[at] = F(m)
			}
		}
	}
	x.wide, x.uniform = nil, x.rows == 1
}

// resized gives a state another number of rows within its memory.
func (x *state[F]) resized(rows int) *state[F] {
	x.rows = rows
	x.mant, x.exp = x.mant[:rows*x.d], x.exp[:rows]
	return x
}

// clear makes a state zero.
func (x *state[F]) clear() {
	clear(x.mant)
	clear(x.exp)
	x.uniform, x.wide = true, nil
}

// factor returns a square state as a factor: under one exponent if its rows fit it, else wide.
func (x *state[F]) factor() factor[F] {
	if x.wide == nil && x.uniform && x.rows > 0 {
		return factor[F]{mant: x.mant, exp: x.exp[0], whole: true}
	}
	return factor[F]{exact: x.widen()}
}

// summand returns a state as a matrix to add.
func (x *state[F]) summand() rowFactor[F] {
	if x.wide == nil {
		return rowFactor[F]{mant: x.mant, exp: x.exp, whole: true, uniform: x.uniform}
	}
	return rowFactor[F]{exact: x.widen()}
}
