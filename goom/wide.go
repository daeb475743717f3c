package goom

import "math"

// A wide matrix gives every element its own exponent: mant * 2^exp with |mant| in [1, 2), or 0, or not
// finite (exp 0). Its elements may have any magnitudes; arithmetic is about fifty times slower than with floats.
type wide struct {
	rows, cols int
	mant       []float64
	exp        []int64
}

func newWide(rows, cols int) *wide {
	return &wide{rows: rows, cols: cols, mant: make([]float64, rows*cols), exp: make([]int64, rows*cols)}
}

func (w *wide) clone() *wide {
	c := newWide(w.rows, w.cols)
	copy(c.mant, w.mant)
	copy(c.exp, w.exp)
	return c
}

// set stores x * 2^e.
func (w *wide) set(at int, x float64, e int64) {
	if x == 0 || x-x != 0 {
		w.mant[at], w.exp[at] = x, 0
		return
	}
	f, k := math.Frexp(x)
	w.mant[at], w.exp[at] = 2*f, addExp(e, int64(k-1))
}

// setSum stores a sum.
func (w *wide) setSum(at int, x wideSum) { w.set(at, x.mant, x.exp) }

// widenFactor returns a factor as a wide matrix, from its logarithms where it has them. It is not to be
// written to.
func widenFactor[F Float](a factor[F], rows, cols int) *wide {
	if a.exact != nil {
		return a.exact
	}
	w := newWide(rows, cols)
	for at := range w.mant {
		if a.log.Log == nil {
			w.set(at, float64(a.mant[at]), a.exp)
		} else {
			w.setSum(at, wideOf(a.log.Log[at], a.log.Sign[at]))
		}
	}
	return w
}

// widenRows is widenFactor of a matrix with an exponent for every row.
func widenRows[F Float](b rowFactor[F], rows, cols int) *wide {
	if b.exact != nil {
		return b.exact
	}
	w := newWide(rows, cols)
	for at := range w.mant {
		if b.log.Log == nil {
			w.set(at, float64(b.mant[at]), b.exp[at/cols])
		} else {
			w.setSum(at, wideOf(b.log.Log[at], b.log.Sign[at]))
		}
	}
	return w
}

// mul returns w a.
func (w *wide) mul(a *wide) *wide {
	out := newWide(w.rows, a.cols)
	for i := range w.rows {
		for j := range a.cols {
			var sum wideSum
			for k := range w.cols {
				p, q := i*w.cols+k, k*a.cols+j
				sum.add(w.mant[p]*a.mant[q], addExp(w.exp[p], a.exp[q]))
			}
			out.set(i*a.cols+j, sum.mant, sum.exp)
		}
	}
	return out
}

// transposed returns the transpose.
func (w *wide) transposed() *wide {
	t := newWide(w.cols, w.rows)
	for i := range w.rows {
		for j := range w.cols {
			t.mant[j*w.rows+i], t.exp[j*w.rows+i] = w.mant[i*w.cols+j], w.exp[i*w.cols+j]
		}
	}
	return t
}

// add adds b to w.
func (w *wide) add(b *wide) {
	for at := range w.mant {
		sum := wideSum{w.mant[at], w.exp[at]}
		sum.add(b.mant[at], b.exp[at])
		w.set(at, sum.mant, sum.exp)
	}
}

// A wideSum is a running sum, mant * 2^exp.
type wideSum struct {
	mant float64
	exp  int64
}

// wideOf is the number s e^l.
func wideOf[F Float](l, s F) wideSum {
	x := float64(l)
	switch {
	case IsZero(l):
		return wideSum{}
	case x-x != 0:
		return wideSum{mant: float64(s) * math.Exp(x)}
	}
	e := int64(math.RoundToEven(math.Max(-1<<62, math.Min(x/ln2, 1<<62))))
	hi, lo := timesLn2(e)
	return wideSum{mant: float64(s) * math.Exp((x-hi)-lo), exp: e}
}

// wideLog is the logarithm and the sign of mant * 2^exp.
func wideLog[F Float](mant float64, exp int64) (l, s F) {
	switch {
	case mant == 0:
		return Floor[F](), 1
	case mant != mant:
		return F(mant), 1
	}
	x := Scaled{Mant: mant, Exp: exp}.Number()
	return nonzero(F(x.Log)), F(x.Sign)
}

// mul multiplies the sum by x, and brings its mantissa into [1/2, 1).
func (s *wideSum) mul(x wideSum) {
	f, k := math.Frexp(s.mant * x.mant)
	s.mant, s.exp = f, addExp(addExp(s.exp, x.exp), int64(k))
}

func (s *wideSum) add(x float64, e int64) {
	switch {
	case x == 0:
	case s.mant == 0:
		s.mant, s.exp = x, e
	case x-x != 0 || s.mant-s.mant != 0:
		s.mant += x
	case e > s.exp:
		s.mant = s.mant*pow2(s.exp-e) + x
		s.exp = e
	default:
		s.mant += x * pow2(e-s.exp)
	}
	if m := math.Abs(s.mant); m != 0 && m < 0x1p-60 { // the sum has canceled: rescale it
		f, k := math.Frexp(s.mant)
		s.mant, s.exp = f, addExp(s.exp, int64(k))
	}
}

// span returns the smallest and largest exponent of a row's numbers: (0, 0) for a row of zeros, and a span
// too large for anything if it has an infinity or NaN beside finite numbers.
func (w *wide) span(row int) (lo, hi int64) {
	lo, hi = math.MaxInt64, math.MinInt64
	for at := row * w.cols; at < (row+1)*w.cols; at++ {
		if m := w.mant[at]; m != 0 && m-m == 0 {
			lo, hi = min(lo, w.exp[at]), max(hi, w.exp[at])
		}
	}
	if lo > hi {
		return 0, 0
	}
	return lo, hi
}

// wideLogs writes the logarithms and signs of w.
func wideLogs[F Float](w *wide, l, s []F) {
	for at, m := range w.mant {
		l[at], s[at] = wideLog[F](m, w.exp[at])
	}
}
