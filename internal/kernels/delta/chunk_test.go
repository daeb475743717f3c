package delta

import (
	"math"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
)

// A chunk is C tokens of one head in WY form (arXiv 2406.06484, with decays 2412.06464): matrix products instead of steps.
// No kernel has this form, see the comment of the package; here it is a second definition.
//
//	A = strict_lower(beta_i G_ij k_i.k_j)    (I + A) U = beta V    (I + A) W = beta e^b K    Vn = U - W S
//	P = s lower(G_ij q_i.k_j)                O = s e^b Q S + P Vn                            S' = e^(b_C) S + (e^(b_C - b) K)^T Vn
//
// with b the running sums of g and G_ij = e^(b_i - b_j).
type chunk struct {
	q, k, v, s                matrix // [C, K], [C, K], [C, V], [K, V]
	beta, g                   []float64
	scale                     float64
	decay                     matrix    // G
	toStart, toEnd            []float64 // e^b, e^(b_C - b)
	a, u, w, vn, p, o, next   matrix
	du, dw, da, dvn           matrix
	dq, dk, dv, ds, dbeta, dg []float64
}

// matrix is row-major.
type matrix struct {
	columns int
	x       []float64
}

func (m matrix) row(i int) []float64      { return m.x[i*m.columns:][:m.columns] }
func (m matrix) at(i, j int) float64      { return m.x[i*m.columns+j] }
func (m matrix) rows() int                { return len(m.x) / m.columns }
func zeros(rows, columns int) matrix      { return matrix{columns, make([]float64, rows*columns)} }
func (m matrix) like() matrix             { return zeros(m.rows(), m.columns) }
func (m matrix) plus(n matrix, c float64) { axpy(m.x, c, n.x) }

func axpy(y []float64, c float64, x []float64) {
	for i := range y {
		y[i] += c * x[i]
	}
}

func (m matrix) transposed() matrix {
	t := zeros(m.columns, m.rows())
	for i := range m.rows() {
		for j := range m.columns {
			t.x[j*t.columns+i] = m.at(i, j)
		}
	}
	return t
}

func times(m, n matrix) matrix {
	y := zeros(m.rows(), n.columns)
	for i := range m.rows() {
		for j, x := range m.row(i) {
			axpy(y.row(i), x, n.row(j))
		}
	}
	return y
}

// scaled returns the rows of m times the factors.
func (m matrix) scaled(factors ...[]float64) matrix {
	y := m.like()
	for i := range m.rows() {
		c := 1.0
		for _, f := range factors {
			c *= f[i]
		}
		axpy(y.row(i), c, m.row(i))
	}
	return y
}

// lower returns f(i, j) for j <= i, or for j < i if strictly, and 0 elsewhere.
func lower(n int, strictly bool, f func(i, j int) float64) matrix {
	m := zeros(n, n)
	for i := range n {
		for j := range i + 1 {
			if j < i || !strictly {
				m.x[i*n+j] = f(i, j)
			}
		}
	}
	return m
}

// solve returns (I + A)^-1 y by forward substitution. Powers of A, which give the same in exact arithmetic, reach 10^18 where
// keys are alike.
func solve(a, y matrix) matrix {
	x := matrix{y.columns, append([]float64(nil), y.x...)}
	for i := range a.rows() {
		for j := range i {
			axpy(x.row(i), -a.at(i, j), x.row(j))
		}
	}
	return x
}

// solveTransposed returns (I + A)^-T y.
func solveTransposed(a, y matrix) matrix {
	x := matrix{y.columns, append([]float64(nil), y.x...)}
	for i := a.rows() - 1; i >= 0; i-- {
		for j := i + 1; j < a.rows(); j++ {
			axpy(x.row(i), -a.at(j, i), x.row(j))
		}
	}
	return x
}

func (c *chunk) forward() {
	n := len(c.g)
	// sums of g without the infinite ones, and how many of these there are
	b, resets := make([]float64, n+1), make([]int, n+1)
	for i, g := range c.g {
		if b[i+1], resets[i+1] = b[i]+g, resets[i]; math.IsInf(g, -1) {
			b[i+1], resets[i+1] = b[i], resets[i]+1
		}
	}
	between := func(i, j int) float64 {
		if resets[i] != resets[j] {
			return 0
		}
		return math.Exp(b[i] - b[j])
	}
	c.toStart, c.toEnd = make([]float64, n), make([]float64, n)
	for i := range n {
		c.toStart[i], c.toEnd[i] = between(i+1, 0), between(n, i+1)
	}
	c.decay = lower(n, false, func(i, j int) float64 { return between(i+1, j+1) })
	c.a = lower(n, true, func(i, j int) float64 { return c.beta[i] * c.decay.at(i, j) * kerneltest.Dot(c.k.row(i), c.k.row(j)) })
	c.p = lower(n, false, func(i, j int) float64 { return c.scale * c.decay.at(i, j) * kerneltest.Dot(c.q.row(i), c.k.row(j)) })
	c.u, c.w = solve(c.a, c.v.scaled(c.beta)), solve(c.a, c.k.scaled(c.beta, c.toStart))
	c.vn = c.u.like()
	c.vn.plus(c.u, 1)
	c.vn.plus(times(c.w, c.s), -1)
	c.o = times(c.p, c.vn)
	c.o.plus(times(c.q.scaled(c.toStart), c.s), c.scale)
	c.next = times(c.k.scaled(c.toEnd).transposed(), c.vn)
	c.next.plus(c.s, c.toStart[n-1])
}

func (c *chunk) backward(do, dnext matrix) {
	n, last := len(c.g), c.toStart[len(c.g)-1]
	c.dvn = times(c.p.transposed(), do)
	c.dvn.plus(times(c.k.scaled(c.toEnd), dnext), 1)
	ds := times(c.q.scaled(c.toStart).transposed(), do)
	for i := range ds.x {
		ds.x[i] = c.scale*ds.x[i] + last*dnext.x[i]
	}
	ds.plus(times(c.w.transposed(), c.dvn), -1)
	c.du, c.dw = c.dvn, c.k.like()
	c.dw.plus(times(c.dvn, c.s.transposed()), -1)
	ru, rw := solveTransposed(c.a, c.du), solveTransposed(c.a, c.dw)
	c.da = lower(n, true, func(i, j int) float64 {
		return -kerneltest.Dot(ru.row(i), c.u.row(j)) - kerneltest.Dot(rw.row(i), c.w.row(j))
	})
	d := lower(n, false, func(i, j int) float64 { return kerneltest.Dot(do.row(i), c.vn.row(j)) })
	scores := lower(n, false, func(i, j int) float64 { return c.scale * c.decay.at(i, j) * d.at(i, j) })
	m := lower(n, true, func(i, j int) float64 { return c.beta[i] * c.decay.at(i, j) * c.da.at(i, j) })
	read, kept := times(do, c.s.transposed()), times(c.vn, dnext.transposed()) // dO S^T, Vn dS'^T
	dq, dk := times(scores, c.k), times(scores.transposed(), c.q)
	dq.plus(read.scaled(c.toStart), c.scale)
	dk.plus(times(m, c.k), 1)
	dk.plus(times(m.transposed(), c.k), 1)
	dk.plus(rw.scaled(c.beta, c.toStart), 1)
	dk.plus(kept.scaled(c.toEnd), 1)
	c.dq, c.dk, c.dv, c.ds = dq.x, dk.x, ru.scaled(c.beta).x, ds.x
	c.dbeta, c.dg = make([]float64, n), make([]float64, n)
	db := make([]float64, n)
	db[n-1] = last * kerneltest.Dot(dnext.x, c.s.x)
	for i := range n {
		written := c.toStart[i] * kerneltest.Dot(rw.row(i), c.k.row(i))
		end := c.toEnd[i] * kerneltest.Dot(c.k.row(i), kept.row(i))
		c.dbeta[i] = kerneltest.Dot(ru.row(i), c.v.row(i)) + written
		db[i] += c.beta[i]*written + c.scale*c.toStart[i]*kerneltest.Dot(c.q.row(i), read.row(i)) - end
		db[n-1] += end
		for j := range i + 1 {
			z := c.da.at(i, j)*c.a.at(i, j) + d.at(i, j)*c.p.at(i, j)
			db[i] += z
			db[j] -= z
			c.dbeta[i] += c.da.at(i, j) * c.decay.at(i, j) * kerneltest.Dot(c.k.row(i), c.k.row(j))
		}
	}
	sum := 0.0
	for i := n - 1; i >= 0; i-- {
		if sum += db[i]; !math.IsInf(c.g[i], -1) {
			c.dg[i] = sum
		}
	}
}

// TestChunk compares the WY form of one chunk with the reference, number by number, and the kernel with its results.
func TestChunk(t *testing.T) {
	r := golden.NewRecorder(t, "wy_chunk")
	for _, c := range golden.Load(t, "wy_chunk") {
		in := func(name string) matrix {
			x := c.Input(name)
			return matrix{x.Shape[len(x.Shape)-1], x.Data}
		}
		w := chunk{q: in("q"), k: in("k"), v: in("v"), s: in("S"), beta: in("beta").x, g: in("g").x, scale: c.Float("scale", 0)}
		w.forward()
		inverse := zeros(len(w.g), len(w.g))
		for i := range w.g {
			inverse.x[i*len(w.g)+i] = 1
		}
		for name, got := range map[string]matrix{"A": w.a, "Tinv": solve(w.a, inverse), "U": w.u, "W": w.w, "Vn": w.vn, "o": w.o, "S_new": w.next} {
			r.Forward(t, c, name, got.x, golden.Tolerance)
		}
		do, dnext := c.Cotangent("o").Data, c.Cotangent("S_new").Data
		w.backward(matrix{w.v.columns, do}, matrix{w.v.columns, dnext})
		for name, got := range map[string][]float64{"q": w.dq, "k": w.dk, "v": w.dv, "beta": w.dbeta, "g": w.dg, "S": w.ds, "dA": w.da.x, "dU": w.du.x, "dW": w.dw.x, "dVn": w.dvn.x} {
			r.Gradient(t, c, name, got, golden.GradTolerance)
		}

		sizes := Sizes{KeyHeads: 1, ValueHeads: 1, DKey: w.k.columns, DValue: w.v.columns, Scale: w.scale}
		n := Naive{Sizes: sizes, B: 1, T: len(w.g), X: Operands[float64]{w.q.x, w.k.x, w.v.x, w.beta, w.g}, Start: w.s.x}
		kernel := run(New[float64](n.B, n.T, n.Sizes), n, do, dnext)
		r.Forward(t, c, "o", kernel["o"], golden.Tolerance)
		r.Forward(t, c, "S_new", kernel["last"], golden.Tolerance)
		for name, got := range map[string]string{"q": "dq", "k": "dk", "v": "dv", "beta": "dbeta", "g": "dg", "S": "dfirst"} {
			r.Gradient(t, c, name, kernel[got], golden.GradTolerance)
		}
	}
}
