package logattention

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// chunk is one chunk of one head of one sequence while a worker computes it, in numbers relative to
// references m_k of keys and mu_c of values (mu_V = 0), about the largest in the chunk and in the state before it:
//
//	keys    f_sk = exp(k_sk - m_k)             values   u_sc = exp(v_sc - mu_c)
//	queries g_tk = exp(q_tk + m_k - r_t)       state    P_kc = exp(S_kc - m_k - mu_c)
//
// with r_t the largest q_tk + m_k of the row: none is far above 1. Then, with W = g f^T for s <= t,
//
//	N = W u + g P       y_tv = ln N_tv - ln N_tV + mu_v       S'_kc = m_k + mu_c + ln(P + f^T u)_kc
//
// The references cancel in y and S', so they are constants for the gradient. With a_tc = dL/dN_tc, where
// dL/d(ln N_tV) = -sum_v dy_tv, and D = dL/dS' / exp(S' - m - mu):
//
//	dW = a u^T for s <= t    dg = dW f + a P^T    df = dW^T g + u D^T    du = W^T a + f D    dP = g^T a + D
//	dq = g dg                dk = f df            dv = u du              dS = P dP           elementwise
type chunk[F simd.Float] struct {
	k              *Kernel[F]
	task, head     int
	firstQ, firstK int // rows b*T + t of the first query and key
	at             int // t of the first query
	queries, keys  int // that are in the chunk
	state          logSums

	loose bool // the references are to be found anew

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

func (k *Kernel[F]) newChunk() *chunk[F] {
	l, kk, cc := k.chunk, k.size.DKey, k.columns
	longest := max(l+1, kk)
	return &chunk[F]{k: k,
		m: workspace.Make[F](kk), mNegative: workspace.Make[F](kk), shift: workspace.Make[F](kk), mu: workspace.Make[F](cc), muNegative: workspace.Make[F](cc),
		f: workspace.Make[F](l * kk), g: workspace.Make[F](l * kk), df: workspace.Make[F](l * kk), dg: workspace.Make[F](l * kk),
		u: workspace.Make[F](l * cc), du: workspace.Make[F](l * cc), a: workspace.Make[F](l * cc), logs: workspace.Make[F](l * cc), sums: workspace.Make[F](l * cc),
		w: workspace.Make[F](l * l), dw: workspace.Make[F](l * l), p: workspace.Make[F](kk * cc), d: workspace.Make[F](kk * cc), e: workspace.Make[F](kk * cc),
		adjoint: workspace.Make[F](kk * cc), before: workspace.Make[F](kk * cc),
		wide: workspace.Make[float64](longest), narrow: workspace.Make[F](longest), negative: workspace.Make[F](longest),
		logW: workspace.Make[float64](l), dLogW: workspace.Make[float64](l), logN: workspace.Make[float64](cc), signN: workspace.Make[F](cc)}
}

const (
	// smallestSum is the sum from which on nothing that counts has underflowed: terms are exact down to
	// 2^-126 in float32.
	smallestSum = 0x1p-60
	lnSmallest  = -60 * math.Ln2
	// largestTerm is how far above their references numbers may be: their products stay far from overflow.
	largestTerm = 0x1p20
	// lowestLog stands for a maximum of nothing, so that differences with -Inf remain -Inf.
	lowestLog = -1e30
)

func (c *chunk[F]) query(t int) []F { return c.k.x.Q.Row(c.firstQ+t, c.head, c.k.size.DKey) }
func (c *chunk[F]) key(s int) []F   { return c.k.x.K.Row(c.firstK+s, c.head, c.k.size.DKey) }
func (c *chunk[F]) value(s int) []F { return c.k.x.V.Row(c.firstK+s, c.head, c.k.size.DValue) }
func (c *chunk[F]) signOf(s int) []F {
	return c.k.x.Sign.Row(c.firstK+s, c.head, c.k.size.DValue)
}

// begin sets what the chunk is: that many keys and queries from position lo on, after that state.
func (c *chunk[F]) begin(task, lo, keys, queries int, state logSums) {
	b := task / c.k.size.Heads
	c.task, c.head, c.at, c.keys, c.queries, c.state = task, task%c.k.size.Heads, lo, keys, queries, state
	c.firstQ, c.firstK = b*c.k.size.Queries+lo, b*c.k.size.Keys+lo
}

// open begins a chunk with references that are the largest numbers in it.
func (c *chunk[F]) open(task, lo, keys, queries int, state logSums) {
	c.begin(task, lo, keys, queries, state)
	c.scanReferences()
	c.scaleKeys()
	c.scaleQueries()
}

// openNext is open for the chunk after the one before, if there was one. Then its references serve again:
// that of the values, and for keys S_kV, which no earlier key exceeds; unless a number is now far above them,
// or sums underflowed in the chunk before.
func (c *chunk[F]) openNext(task, lo, n int, state logSums) {
	c.begin(task, lo, n, n, state)
	scan := lo == 0 || c.loose
	if !scan {
		cc := c.k.columns
		for j := range c.m {
			c.m[j] = max(F(state.logs[(j+1)*cc-1]), lowestLog)
		}
		c.deriveReferences()
		c.scaleKeys()
		scan = !(simd.MaxAbs(c.f[:n*c.k.size.DKey]) <= largestTerm && simd.MaxAbs(c.u[:n*cc]) <= largestTerm && simd.MaxAbs(c.p) <= largestTerm)
	}
	if scan {
		c.scanReferences()
		c.scaleKeys()
	}
	c.loose = false
	c.scaleQueries()
	if saved := c.k.savedReferences(task, lo); saved != nil {
		copy(saved[copy(saved, c.m):], c.mu)
	}
}

// openAgain is open with the references of openNext, for the backward pass.
func (c *chunk[F]) openAgain(task, lo, n int, state logSums) {
	c.begin(task, lo, n, n, state)
	saved := c.k.savedReferences(task, lo)
	copy(c.mu, saved[copy(c.m, saved):])
	c.deriveReferences()
	c.scaleKeys()
	c.scaleQueries()
}

// scaleKeys computes f, u and P.
func (c *chunk[F]) scaleKeys() {
	kk, cc := c.k.size.DKey, c.k.columns
	for s := range c.keys {
		simd.Add(c.f[s*kk:(s+1)*kk], c.key(s), c.mNegative)
		u := c.u[s*cc : (s+1)*cc]
		simd.Add(u[:cc-1], c.value(s), c.muNegative[:cc-1])
		u[cc-1] = 0
	}
	simd.Exp(c.f[:c.keys*kk], c.f[:c.keys*kk])
	simd.Exp(c.u[:c.keys*cc], c.u[:c.keys*cc])
	if c.k.signed {
		for s := range c.keys {
			u := c.u[s*cc : (s+1)*cc-1]
			simd.Mul(u, u, c.signOf(s))
		}
	}
	c.relative(c.p, c.state)
}

// scaleQueries computes g, and W: a lower triangle, since chunks have both queries and keys only if causal.
func (c *chunk[F]) scaleQueries() {
	kk, n := c.k.size.DKey, c.queries
	for t := range n {
		g := c.g[t*kk : (t+1)*kk]
		simd.Add(g, c.query(t), c.shift)
		simd.ExpSum(g, g, max(simd.Max(g), lowestLog))
	}
	if n > 0 && c.keys > 0 {
		simd.GemmSerial(false, true, n, n, kk, 1, c.g, kk, c.f, kk, 0, c.w, n)
		c.clearFuture(c.w)
	}
}

// scanReferences finds the largest keys and values in the chunk and in the state before it.
func (c *chunk[F]) scanReferences() {
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
	c.deriveReferences()
}

// deriveReferences computes what follows from m and mu. The shift of queries is relative to the largest
// m, so that q + m keeps its digits where m counts.
func (c *chunk[F]) deriveReferences() {
	largest := simd.Max(c.m)
	for j, x := range c.m {
		c.mNegative[j], c.shift[j] = -x, x-largest
	}
	for i, x := range c.mu {
		c.muNegative[i] = -x
	}
}

// relative writes dst = exp(S - m - mu) [K, C], with its signs.
func (c *chunk[F]) relative(dst []F, state logSums) {
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

func (c *chunk[F]) clearFuture(w []F) {
	n := c.queries
	for t := range n {
		clear(w[t*n+t+1 : (t+1)*n])
	}
}

// read writes y of the chunk's queries, and keeps N for the backward pass if that is wanted.
func (c *chunk[F]) read() {
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
	v, logs, strong := cc-1, c.logs[:n*(cc-1)], true
	for t := range n {
		z := sums[t*cc+v]
		strong = strong && z >= 0x1p-20
		simd.Scale(logs[t*v:(t+1)*v], 1/z, sums[t*cc:t*cc+v])
	}
	if c.k.signed {
		for i, x := range logs {
			c.k.sign.Row(c.firstQ+i/v, c.head, v)[i%v] = F(math.Copysign(1, float64(x)))
			logs[i] = max(x, -x)
		}
	}
	simd.Log(logs, logs)
	strong = strong && simd.MaxAbs(logs) <= 40*math.Ln2 // then no numerator is below 2^-60 either
	for t := range n {
		y := c.k.y.Row(c.firstQ+t, c.head, v)
		simd.Add(y, logs[t*v:(t+1)*v], c.mu[:v])
		weak := !strong && !c.strongRow(sums[t*cc:(t+1)*cc])
		if weak {
			c.readExactly(t, y)
			c.loose = true
		}
		if keep {
			c.k.weak[from+t] = weak
		}
	}
}

// strongRow says whether all sums of a row are large enough for nothing that counts to have underflowed.
func (c *chunk[F]) strongRow(sums []F) bool {
	for _, x := range sums {
		if !(max(x, -x) >= smallestSum) {
			return false
		}
	}
	return true
}

// absorb writes the state after the chunk, to other memory than that of the state before it.
func (c *chunk[F]) absorb(next logSums) {
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
func (c *chunk[F]) restart(next logSums) {
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
			c.loose = true
			c.absorbExactly(next, i/cc, i%cc)
		}
	}
}

// reverse writes the gradients of the chunk's queries, keys and values, and into before that of S before
// the chunk, from adjoint, that of the state after it: after, or none of it if after has no numbers.
func (c *chunk[F]) reverse(after logSums) {
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

func (c *chunk[F]) dQuery(t int) []F { return c.k.dx.Q.Row(c.firstQ+t, c.head, c.k.size.DKey) }
func (c *chunk[F]) dKey(s int) []F   { return c.k.dx.K.Row(c.firstK+s, c.head, c.k.size.DKey) }
func (c *chunk[F]) dValue(s int) []F {
	return c.k.dx.V.Row(c.firstK+s, c.head, c.k.size.DValue)
}

// setD computes D = dL/dS' / exp(S' - m - mu), 0 where that is too small a number: e has the divisor.
func (c *chunk[F]) setD(after logSums) {
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
func (c *chunk[F]) setA() {
	cc := c.k.columns
	for t := range c.queries {
		r := c.task*c.k.size.Queries + c.at + t
		a := c.a[t*cc : (t+1)*cc]
		if c.k.weak[r] {
			clear(a)
			continue
		}
		sums, sum := c.k.sums[r*cc:(r+1)*cc], F(0)
		for i, g := range c.k.dy.Row(c.firstQ+t, c.head, cc-1) {
			sum += g
			a[i] = g / sums[i]
		}
		a[cc-1] = -sum / sums[cc-1]
	}
}
