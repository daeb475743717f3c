package goom

import "math"

// Elements of a matrix product as compensated log-sum-exps in float64, for LMMEExact and for those elements that a product
// of scaled floats may have got wrong.

// exactElement computes one element as a log-sum-exp.
func (p *Product[F]) exactElement(i, at int, y, a, b Tensor[F]) {
	sum := dot(a, at/p.m*p.k, 1, b, at%p.m, p.m, p.k)
	l, s := sum.value()
	if math.IsInf(l, -1) {
		y.Log[at], y.Sign[at] = Floor[F](), 1
	} else {
		y.Log[at], y.Sign[at] = nonzero(F(l)), F(s)
	}
	if p.r != nil {
		p.r[i*p.n*p.m+at] = 0
		p.exact[i] = true
	}
}

// exactAll computes all elements of a product as log-sum-exps.
func (p *Product[F]) exactAll(i int, y, a, b Tensor[F]) {
	if p.exact != nil {
		p.exact[i] = false
	}
	for at := range y.Log {
		p.exactElement(i, at, y, a, b)
	}
}

// A dotSum is a signed sum of products divided by its largest term, e^(la+lb). The two logarithms are kept apart, since
// their sum may be so large that it would be rounded.
type dotSum struct {
	accumulator // its c is 0; of operands with infinities or NaNs la and lb are 0 instead
	la, lb      float64
}

func (d dotSum) value() (l, s float64) {
	l, s = d.accumulator.value()
	return d.la + d.lb + l, s
}

// share is s*e^(la+lb) divided by the sum.
func (d dotSum) share(la, lb, s float64) float64 {
	return d.accumulator.share((la-d.la)+(lb-d.lb), s)
}

// dot is the signed sum over k of a_k b_k, compensated, for the vectors that start at ia and ib and have
// the strides sa and sb.
func dot[F Float](a Tensor[F], ia, sa int, b Tensor[F], ib, sb, k int) dotSum {
	d := dotSum{la: math.Inf(-1)}
	odd := false
	for i, x, y := 0, ia, ib; i < k; i, x, y = i+1, x+sa, y+sb {
		la, lb := float64(a.Log[x]), float64(b.Log[y])
		switch l := la + lb; {
		case l != l || math.IsInf(la, 1) || math.IsInf(lb, 1):
			odd = true
		case l > d.la+d.lb && !IsZero(a.Log[x]) && !IsZero(b.Log[y]):
			d.la, d.lb = la, lb
		}
	}
	if odd {
		return dotSum{accumulator: oddDot(a, ia, sa, b, ib, sb, k)}
	}
	if math.IsInf(d.la, -1) {
		return dotSum{}
	}
	sum, lost := 0.0, 0.0
	for i, x, y := 0, ia, ib; i < k; i, x, y = i+1, x+sa, y+sb {
		if IsZero(a.Log[x]) || IsZero(b.Log[y]) {
			continue
		}
		e := math.Exp((float64(a.Log[x]) - d.la) + (float64(b.Log[y]) - d.lb))
		v := float64(a.Sign[x]*b.Sign[y]) * e
		next := sum + v
		if math.Abs(sum) >= math.Abs(v) {
			lost += (sum - next) + v
		} else {
			lost += (v - next) + sum
		}
		sum = next
	}
	d.sum = sum + lost
	return d
}

// oddDot is dot of operands with infinities or NaNs, by the rules of floats.
func oddDot[F Float](a Tensor[F], ia, sa int, b Tensor[F], ib, sb, k int) accumulator {
	var acc accumulator
	for i, x, y := 0, ia, ib; i < k; i, x, y = i+1, x+sa, y+sb {
		l, s := mulLogs(a.Log[x], a.Sign[x], b.Log[y], b.Sign[y])
		if !IsZero(l) {
			acc.add(float64(l), float64(s))
		}
	}
	return acc
}
