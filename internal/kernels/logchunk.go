package kernels

import (
	"math"

	"goomtrain/internal/simd"
)

// logChunk is one chunk of one head of one sequence while a worker computes it, in numbers relative to
// references m_k of keys and mu_c of values (mu_V = 0), the largest in the chunk and in the state before it:
//
//	keys    f_sk = exp(k_sk - m_k)             values   u_sc = exp(v_sc - mu_c)
//	queries g_tk = exp(q_tk + m_k - r_t)       state    P_kc = exp(S_kc - m_k - mu_c)
//
// with r_t the largest q_tk + m_k of the row: all are at most about 1. Then, with W = g f^T for s <= t,
//
//	N = W u + g P       y_tv = ln N_tv - ln N_tV + mu_v       S'_kc = m_k + mu_c + ln(P + f^T u)_kc
//
// The references cancel in y and S', so they are constants for the gradient. With a_tc = dL/dN_tc, where
// dL/d(ln N_tV) = -sum_v dy_tv, and D = dL/dS' / exp(S' - m - mu):
//
//	dW = a u^T for s <= t    dg = dW f + a P^T    df = dW^T g + u D^T    du = W^T a + f D    dP = g^T a + D
//	dq = g dg                dk = f df            dv = u du              dS = P dP           elementwise
type logChunk[F simd.Float] struct {
	k              *LogAttention[F]
	task, head     int
	firstQ, firstK int // rows b*T + t of the first query and key
	at             int // t of the first query
	queries, keys  int // that are in the chunk
	state          logState

	m, mNegative, shift []F // [K] references, and relative to the largest of them
	mu, muNegative      []F // [C]
	f, g, df, dg        []F // [L, K]
	u, du, a, logs      []F // [L, C]
	sums                []F // [L, C] N, where it is not kept for the backward pass
	w, dw               []F // [L, L]
	p, d, e             []F // [K, C] the state before and, for a while, other matrices of its shape
	adjoint, before     []F // [K, C] dL/dS after and before the chunk

	wide             []float64 // a row of logarithms
	narrow, negative []F       // the same, less their maximum; and their signs
	logW, dLogW      []float64 // [L] ln w_ts of one row
	logN             []float64 // [C] ln|N_tc| of one row
	signN            []F       // [C]
}

func (k *LogAttention[F]) newChunk() *logChunk[F] {
	l, kk, cc := k.chunk, k.size.DKey, k.columns
	longest := max(l+1, kk)
	return &logChunk[F]{k: k,
		m: scratch[F](kk), mNegative: scratch[F](kk), shift: scratch[F](kk), mu: scratch[F](cc), muNegative: scratch[F](cc),
		f: scratch[F](l * kk), g: scratch[F](l * kk), df: scratch[F](l * kk), dg: scratch[F](l * kk),
		u: scratch[F](l * cc), du: scratch[F](l * cc), a: scratch[F](l * cc), logs: scratch[F](l * cc), sums: scratch[F](l * cc),
		w: scratch[F](l * l), dw: scratch[F](l * l), p: scratch[F](kk * cc), d: scratch[F](kk * cc), e: scratch[F](kk * cc),
		adjoint: scratch[F](kk * cc), before: scratch[F](kk * cc),
		wide: scratch[float64](longest), narrow: scratch[F](longest), negative: scratch[F](longest),
		logW: scratch[float64](l), dLogW: scratch[float64](l), logN: scratch[float64](cc), signN: scratch[F](cc)}
}

const (
	// smallestSum is the sum from which on nothing that counts has underflowed: terms are exact down to
	// 2^-126 in float32.
	smallestSum = 0x1p-60
	lnSmallest  = -60 * math.Ln2
	// lowestLog stands for a maximum of nothing, so that differences with -Inf remain -Inf.
	lowestLog = -1e30
)

func (c *logChunk[F]) query(t int) []F { return c.k.x.Q.row(c.firstQ+t, c.head, c.k.size.DKey) }
func (c *logChunk[F]) key(s int) []F   { return c.k.x.K.row(c.firstK+s, c.head, c.k.size.DKey) }
func (c *logChunk[F]) value(s int) []F { return c.k.x.V.row(c.firstK+s, c.head, c.k.size.DValue) }
func (c *logChunk[F]) signOf(s int) []F {
	return c.k.x.Sign.row(c.firstK+s, c.head, c.k.size.DValue)
}

// open begins the chunk of that many keys and queries from position lo on, after that state.
func (c *logChunk[F]) open(task, lo, keys, queries int, state logState) {
	b := task / c.k.size.Heads
	c.task, c.head, c.at, c.keys, c.queries, c.state = task, task%c.k.size.Heads, lo, keys, queries, state
	c.firstQ, c.firstK = b*c.k.size.Queries+lo, b*c.k.size.Keys+lo
	c.setReferences()
	kk, cc := c.k.size.DKey, c.k.columns
	for s := range keys {
		simd.Add(c.f[s*kk:(s+1)*kk], c.key(s), c.mNegative)
		u := c.u[s*cc : (s+1)*cc]
		simd.Add(u[:cc-1], c.value(s), c.muNegative[:cc-1])
		u[cc-1] = 0
	}
	simd.Exp(c.f[:keys*kk], c.f[:keys*kk])
	simd.Exp(c.u[:keys*cc], c.u[:keys*cc])
	if c.k.signed {
		for s := range keys {
			u := c.u[s*cc : (s+1)*cc-1]
			simd.Mul(u, u, c.signOf(s))
		}
	}
	for t := range queries {
		g := c.g[t*kk : (t+1)*kk]
		simd.Add(g, c.query(t), c.shift)
		simd.ExpSum(g, g, max(simd.Max(g), lowestLog))
	}
	c.relative(c.p, state)
	if keys > 0 && queries > 0 {
		c.weigh()
	}
}

// setReferences finds m and mu. Since S_kV is the logarithm of a sum of exponentials of keys, no earlier
// key exceeds it.
func (c *logChunk[F]) setReferences() {
	m, mu, cc := c.m, c.mu, c.k.columns
	for j := range m {
		m[j] = max(F(c.state.logs[(j+1)*cc-1]), lowestLog)
	}
	for s := range c.keys {
		for j, x := range c.key(s) {
			if x > m[j] {
				m[j] = x
			}
		}
	}
	largest := simd.Max(m)
	for j, x := range m {
		// relative to the largest, so that q + m keeps its digits where m counts
		c.mNegative[j], c.shift[j] = -x, x-largest
	}
	for i := range mu {
		mu[i] = lowestLog
	}
	for j, x := range m {
		for i, l := range c.state.logs[j*cc : (j+1)*cc] {
			if r := F(l - float64(x)); r > mu[i] {
				mu[i] = r
			}
		}
	}
	for s := range c.keys {
		for i, x := range c.value(s) {
			if x > mu[i] {
				mu[i] = x
			}
		}
	}
	mu[cc-1] = 0
	for i, x := range mu {
		c.muNegative[i] = -x
	}
}

// relative writes dst = exp(S - m - mu) [K, C], with its signs.
func (c *logChunk[F]) relative(dst []F, state logState) {
	cc := c.k.columns
	for j, m := range c.m {
		row, m := dst[j*cc:(j+1)*cc], float64(m)
		for i, l := range state.logs[j*cc : (j+1)*cc] {
			row[i] = F(l - m - float64(c.mu[i]))
		}
	}
	simd.Exp(dst, dst)
	for i, s := range state.signs {
		dst[i] *= F(s)
	}
}

// weigh computes W: a lower triangle, since chunks have both queries and keys only if causal.
func (c *logChunk[F]) weigh() {
	n, kk := c.queries, c.k.size.DKey
	simd.GemmSerial(false, true, n, n, kk, 1, c.g, kk, c.f, kk, 0, c.w, n)
	c.clearFuture(c.w)
}

func (c *logChunk[F]) clearFuture(w []F) {
	n := c.queries
	for t := range n {
		clear(w[t*n+t+1 : (t+1)*n])
	}
}

// read writes y of the chunk's queries, and keeps N for the backward pass if that is wanted.
func (c *logChunk[F]) read() {
	n, kk, cc := c.queries, c.k.size.DKey, c.k.columns
	sums, keep := c.sums[:n*cc], c.k.sums != nil
	from := c.task*c.k.size.Queries + c.at
	if keep {
		sums = c.k.sums[from*cc : (from+n)*cc]
	}
	simd.GemmSerial(false, false, n, cc, kk, 1, c.g, kk, c.p, cc, 0, sums, cc)
	if c.keys > 0 {
		simd.GemmSerial(false, false, n, cc, n, 1, c.w, n, c.u, cc, 1, sums, cc)
	}
	logs := c.logs[:n*cc]
	if c.k.signed {
		for i, x := range sums {
			logs[i] = max(x, -x)
		}
		simd.Log(logs, logs)
	} else {
		simd.Log(logs, sums)
	}
	for t := range n {
		y, l := c.k.y.row(c.firstQ+t, c.head, cc-1), logs[t*cc:(t+1)*cc]
		z, mu := l[cc-1], c.mu[:len(y)]
		strong := z >= lnSmallest
		for i, x := range l[:len(y)] {
			if !(x >= lnSmallest) {
				strong = false
			}
			y[i] = x - z + mu[i]
		}
		if c.k.signed {
			for i, sign := 0, c.k.sign.row(c.firstQ+t, c.head, cc-1); i < len(sign); i++ {
				sign[i] = F(math.Copysign(1, float64(sums[t*cc+i])))
			}
		}
		if !strong {
			c.readExactly(t, y)
		}
		if keep {
			c.k.weak[from+t] = !strong
		}
	}
}

// absorb writes the state after the chunk, to other memory than that of the state before it.
func (c *logChunk[F]) absorb(next logState) {
	kk, cc := c.k.size.DKey, c.k.columns
	simd.GemmSerial(true, false, kk, cc, c.keys, 1, c.f, kk, c.u, cc, 0, c.d, cc)
	// Where a sum goes on, S grows by log1p(of what comes / what is there), in float64: small numbers that
	// come to a large sum are not lost, and S does not drift by the rounding of exp and log.
	restarts := false
	for i, p := range c.p {
		if r := c.d[i] / p; goesOn(p, r) {
			c.e[i] = r
		} else {
			c.e[i], restarts = 0, true
		}
	}
	simd.Log1p(c.e, c.e)
	for i, l := range c.e {
		next.logs[i] = c.state.logs[i] + float64(l)
	}
	copy(next.signs, c.state.signs)
	if restarts {
		c.restart(next)
	}
}

// goesOn says whether p, of the state before, is a sum to which r*p can be added without loss.
func goesOn[F simd.Float](p, r F) bool { return max(p, -p) >= smallestSum && r >= -0.5 }

// restart is absorb for the elements whose sum begins, or hardly begins to count, or cancels.
func (c *logChunk[F]) restart(next logState) {
	cc, sum := c.k.columns, c.before
	for i, p := range c.p {
		t := p + c.d[i]
		sum[i] = max(t, -t)
	}
	simd.Log(sum, sum)
	for i, p := range c.p {
		switch q := c.d[i]; {
		case goesOn(p, q/p):
		case sum[i] >= lnSmallest:
			next.logs[i] = float64(c.m[i/cc]) + float64(c.mu[i%cc]) + float64(sum[i])
			if c.k.signed {
				next.signs[i] = math.Copysign(1, float64(p+q))
			}
		default:
			c.absorbExactly(next, i/cc, i%cc)
		}
	}
}

// reverse writes the gradients of the chunk's queries, keys and values, and into before that of S before
// the chunk, from adjoint, that of the state after it: after, or none of it if after has no numbers.
func (c *logChunk[F]) reverse(after logState) {
	kk, cc, nq, nk := c.k.size.DKey, c.k.columns, c.queries, c.keys
	c.setD(after)
	c.setA()
	// dg = dW f + a P^T, df = dW^T g + u D^T, du = W^T a + f D
	simd.GemmSerial(false, true, nq, kk, cc, 1, c.a, cc, c.p, cc, 0, c.dg, kk)
	simd.GemmSerial(false, true, nk, kk, cc, 1, c.u, cc, c.d, cc, 0, c.df, kk)
	simd.GemmSerial(false, false, nk, cc, kk, 1, c.f, kk, c.d, cc, 0, c.du, cc)
	if nq > 0 && nk > 0 {
		n := nq
		simd.GemmSerial(false, true, n, n, cc, 1, c.a, cc, c.u, cc, 0, c.dw, n)
		c.clearFuture(c.dw)
		simd.GemmSerial(false, false, n, kk, n, 1, c.dw, n, c.f, kk, 1, c.dg, kk)
		simd.GemmSerial(true, false, n, kk, n, 1, c.dw, n, c.g, kk, 1, c.df, kk)
		simd.GemmSerial(true, false, n, cc, n, 1, c.w, n, c.a, cc, 1, c.du, cc)
	}
	for t := range nq {
		simd.Mul(c.dQuery(t), c.g[t*kk:(t+1)*kk], c.dg[t*kk:(t+1)*kk])
	}
	for s := range nk {
		simd.Mul(c.dKey(s), c.f[s*kk:(s+1)*kk], c.df[s*kk:(s+1)*kk])
		simd.Mul(c.dValue(s), c.u[s*cc:(s+1)*cc-1], c.du[s*cc:(s+1)*cc-1])
	}
	simd.GemmSerial(true, false, kk, cc, nq, 1, c.g, kk, c.a, cc, 1, c.d, cc) // dP
	simd.Mul(c.before, c.p, c.d)
	c.reverseExactly(after)
}

func (c *logChunk[F]) dQuery(t int) []F { return c.k.dx.Q.row(c.firstQ+t, c.head, c.k.size.DKey) }
func (c *logChunk[F]) dKey(s int) []F   { return c.k.dx.K.row(c.firstK+s, c.head, c.k.size.DKey) }
func (c *logChunk[F]) dValue(s int) []F {
	return c.k.dx.V.row(c.firstK+s, c.head, c.k.size.DValue)
}

// setD computes D = dL/dS' / exp(S' - m - mu), 0 where that is too small a number: e has the divisor.
func (c *logChunk[F]) setD(after logState) {
	if after.logs == nil {
		clear(c.d)
		return
	}
	c.relative(c.e, after)
	for i, e := range c.e {
		if max(e, -e) >= smallestSum {
			c.d[i] = c.adjoint[i] / e
		} else {
			c.d[i] = 0
		}
	}
}

// setA computes a = dL/dN, 0 in rows in which a sum underflowed.
func (c *logChunk[F]) setA() {
	cc := c.k.columns
	for t := range c.queries {
		r := c.task*c.k.size.Queries + c.at + t
		a := c.a[t*cc : (t+1)*cc]
		if c.k.weak[r] {
			clear(a)
			continue
		}
		sums, sum := c.k.sums[r*cc:(r+1)*cc], F(0)
		for i, g := range c.k.dy.row(c.firstQ+t, c.head, cc-1) {
			sum += g
			a[i] = g / sums[i]
		}
		a[cc-1] = -sum / sums[cc-1]
	}
}
