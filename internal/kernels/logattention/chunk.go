package logattention

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// chunk is one chunk of one head of one sequence while a worker computes it, in numbers relative to
// references m_k of keys and mu_c of values (mu_V = 0). These are about the largest numbers in the chunk and
// in the state before it:
//
//	keys    f_sk = exp(k_sk - m_k)             values   u_sc = exp(v_sc - mu_c)
//	queries g_tk = exp(q_tk + m_k - r_t)       state    P_kc = exp(S_kc - m_k - mu_c)
//
// with r_t the largest q_tk + m_k of the row, so that no number is far above 1. Then, with W = g f^T for s <= t,
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
	queries, keys  int // in the chunk
	state          logSums

	loose bool // the next chunk must find its references anew

	m, mNegative, shift []F // [K] references, and relative to the largest of them
	mu, muNegative      []F // [C]
	f, g, df, dg        []F // [L, K]
	u, du, a, logs      []F // [L, C]
	sums                []F // [L, C] N, where it is not kept for the backward pass
	w, dw               []F // [L, L]
	p, d, e             []F // [K, C] the state before and, for a while, other matrices of its shape
	adjoint, before     []F // [K, C] dL/dS after and before the chunk

	wide          []float64 // a row of logarithms
	narrow, signs []F       // the same, less their maximum; and the signs of the terms
	logW, dLogW   []float64 // [L] ln w_ts of one row
	logN          []float64 // [C] ln|N_tc| of one row
	signN         []F       // [C]
}

const (
	// smallestSum is the smallest sum in which nothing that counts has underflowed: terms have all their
	// digits down to 2^-126 in float32.
	smallestSum = 0x1p-60
	lnSmallest  = -60 * math.Ln2
	// largestTerm is how far above their references numbers may be; their products stay far from overflow.
	largestTerm = 0x1p20
	// lowestLog is the reference where there is nothing, so that -Inf minus it remains -Inf.
	lowestLog = -1e30
)

// newChunk makes the memory of a worker.
func (k *Kernel[F]) newChunk() *chunk[F] {
	l, kk, cc := k.chunk, k.size.DKey, k.columns
	longest := max(l+1, kk)
	return &chunk[F]{k: k,
		m: workspace.Make[F](kk), mNegative: workspace.Make[F](kk), shift: workspace.Make[F](kk), mu: workspace.Make[F](cc), muNegative: workspace.Make[F](cc),
		f: workspace.Make[F](l * kk), g: workspace.Make[F](l * kk), df: workspace.Make[F](l * kk), dg: workspace.Make[F](l * kk),
		u: workspace.Make[F](l * cc), du: workspace.Make[F](l * cc), a: workspace.Make[F](l * cc), logs: workspace.Make[F](l * cc), sums: workspace.Make[F](l * cc),
		w: workspace.Make[F](l * l), dw: workspace.Make[F](l * l), p: workspace.Make[F](kk * cc), d: workspace.Make[F](kk * cc), e: workspace.Make[F](kk * cc),
		adjoint: workspace.Make[F](kk * cc), before: workspace.Make[F](kk * cc),
		wide: workspace.Make[float64](longest), narrow: workspace.Make[F](longest), signs: workspace.Make[F](longest),
		logW: workspace.Make[float64](l), dLogW: workspace.Make[float64](l), logN: workspace.Make[float64](cc), signN: workspace.Make[F](cc)}
}

// query, key, value and signOf return the operands of a position of the chunk.
func (c *chunk[F]) query(t int) []F { return c.k.x.Q.Row(c.firstQ+t, c.head, c.k.size.DKey) }
func (c *chunk[F]) key(s int) []F   { return c.k.x.K.Row(c.firstK+s, c.head, c.k.size.DKey) }
func (c *chunk[F]) value(s int) []F { return c.k.x.V.Row(c.firstK+s, c.head, c.k.size.DValue) }
func (c *chunk[F]) signOf(s int) []F {
	return c.k.x.Sign.Row(c.firstK+s, c.head, c.k.size.DValue)
}

// begin makes c the chunk of that many keys and queries from position lo on, after that state.
func (c *chunk[F]) begin(task, lo, keys, queries int, state logSums) {
	b := task / c.k.size.Heads
	c.task, c.head, c.at, c.keys, c.queries, c.state = task, task%c.k.size.Heads, lo, keys, queries, state
	c.firstQ, c.firstK = b*c.k.size.Queries+lo, b*c.k.size.Keys+lo
}

// open begins a chunk whose references are the largest numbers in it.
func (c *chunk[F]) open(task, lo, keys, queries int, state logSums) {
	c.begin(task, lo, keys, queries, state)
	c.scanReferences()
	c.scaleKeys()
	c.scaleQueries()
}

// openNext is open for a chunk that follows another one, or is the first. References need not be searched
// for again: those of the values stay, and that of the keys is S_kV, which no earlier key exceeds. They are
// searched for if a number is far above them, or if sums underflowed in the chunk before.
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
	if c.k.stateOnly {
		c.relative(c.p, c.state)
	} else {
		c.scaleKeys()
	}
	c.scaleQueries()
}
