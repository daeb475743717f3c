#include "logattention.h"

/* The backward pass of log-exp attention (logattention.h), in the order of the kernels. With a_tc = dL/dN_tc, a_tV the one of
 * the denominator, and D_kc = dL/dS'_kc / exp(S'_kc - m_k - mu_c), where S' is the state after the chunk,
 *
 *   dW = a u^T for s <= t    dg = dW f + a P^T    df = dW^T g + u D^T    du = W^T a + f D
 *   dq = g dg                dk = f df            dv = u du              dS = exp(S - S') dS' + P (g^T a)
 *
 * The limits are those of the forward pass, at two and a half times the work. */

/* The sum of dy over row t = THREAD_X / 4, in the four threads of a row. */
__device__ __forceinline__ float rowSum(const Chunk &c, const float *dy) {
	int t = THREAD_X / 4;
	float sum = 0.0f;
	if (t < c.n)
		for (int v = THREAD_X % 4; v < c.V; v += 4) sum += dy[c.out(t, v)];
	return together<4>(sum);
}

/* What a block needs of the rows of its chunk. */
struct Rows {
	float totals[CHUNK]; /* dL/dln N_tV */
	float ones[CHUNK];   /* dL/dN_tV, 0 in weak rows */
	int weak[CHUNK], flags[THREADS / 32];

	/* reads them, and reports whether a row is weak */
	__device__ __forceinline__ bool read(const Chunk &c, const float *dy, const double *kept, const int *weakTiles) {
		int t = THREAD_X / 4;
		float total = -rowSum(c, dy);
		bool bad = t < c.n && weakRow(c, weakTiles, t);
		if (THREAD_X % 4 == 0) {
			totals[t] = total;
			weak[t] = bad;
			ones[t] = bad || t >= c.n ? 0.0f : total / (float)kept[(c.row + t) * c.C + c.V];
		}
		return anywhere(bad, flags);
	}
};

/* g^T a by P: the share of a chunk in dL/dS before it. A block has 32 keys and 32 values. */
KERNEL logattention_adjoint(int T, int H, int K, int V, const float *qkv, const double *states, const float *refs, const float *top, const float *p,
                            const int *weak, const double *kept, const float *dy, float *adjoint) {
	__shared__ float g[TILE * LONG], a[TILE * LONG];
	__shared__ Rows rows;
	Chunk c(T, H, K, V);
	int tiles = (K + TILE - 1) / TILE, k0 = BLOCK_Y % tiles * TILE, v0 = BLOCK_Y / tiles * TILE;
	refs += c.refs;
	bool exact = rows.read(c, dy, kept, weak);
	fill<CHUNK>(g, 1, LONG, c.n, K - k0, [&](int t, int k) { return exponential(qkv[c.in(t, k0 + k)] + refs[k0 + k] - top[c.row + t]); });
	fill<CHUNK>(a, 1, LONG, c.n, V - v0, [&](int t, int v) { return rows.weak[t] ? 0.0f : dy[c.out(t, v0 + v)] / (float)kept[(c.row + t) * c.C + v0 + v]; });
	__syncthreads();
	float sum[2][2] = {}, last = 0.0f;
	accumulate(sum, g, LONG, a, LONG, c.n);
	for (int t = THREAD_X % 8; t < c.n; t += 8) last = fmaf(g[THREAD_X / 8 * LONG + t], rows.ones[t], last);
	last = together<8>(last);
	auto write = [&](int k, int v, float x) {
		if (k >= K) return;
		i64 at = (i64)k * c.C + v;
		x *= p[c.matrix + at];
		for (int t = 0; exact && t < c.n; t++) /* NaN where both logarithms are -inf: nobody reads the gradient of that state */
			if (rows.weak[t])
				x += (v < V ? dy[c.out(t, v)] : rows.totals[t]) *
				     exponential((double)qkv[c.in(t, k)] + states[c.before + at] - kept[(c.row + t) * c.C + v]);
		adjoint[c.matrix + at] = x;
	};
	each<2, 2>([&](int k, int v, int i, int j) {
		if (v0 + v < V) write(k0 + k, v0 + v, sum[i][j]);
	});
	if (v0 == 0 && THREAD_X % 8 == 0) write(k0 + THREAD_X / 8, V, last);
}

/* From the last chunk to the first: D, and where that is 0 because its divisor is too small, dL/dS' to adjoint, otherwise 0
 * there. A thread has an element. */
KERNEL logattention_scan_back(int tasks, int chunks, int K, int V, const double *states, const float *refs, float *adjoint, float *d) {
	int C = V + 1, elements = K * C;
	i64 at = (i64)BLOCK_X * THREADS + THREAD_X;
	if (at >= (i64)tasks * elements) return;
	i64 task = at / elements;
	int element = (int)(at % elements), k = element / C, v = element % C;
	states += task * (chunks + 1) * elements + element;
	float gradient = 0.0f;
	double after = states[(i64)chunks * elements];
#pragma unroll 4
	for (int i = chunks - 1; i >= 0; i--) {
		i64 chunk = task * chunks + i, place = chunk * elements + element;
		double before = states[(i64)i * elements];
		const float *r = refs + chunk * (2 * K + V);
		float e = exponential(after + (double)r[K + k] + (v < V ? (double)r[2 * K + v] : 0.0)), share = adjoint[place];
		bool strong = e >= SMALLEST;
		d[place] = strong ? gradient / e : 0.0f;
		adjoint[place] = strong || after == NOTHING ? 0.0f : gradient;
		gradient = fmaf(gradient, exponential(before - after), share); /* NaN where there is nothing, which nobody reads */
		after = before;
	}
}

/* dq and dk. A block has 32 keys: values pass by in tiles of 32, for dW in registers, 4 by 4 a thread, a P^T and u D^T, 4 by 2
 * each; then dW goes to shared memory for dW f, and once more for dW^T g. */
KERNEL logattention_reverse_keys(int T, int H, int K, int V, const float *qkv, const float *refs, const float *top, const float *p, const float *d,
                                 const int *weak, const double *kept, const float *dy, float *dqkv) {
	__shared__ float space[2 * (CHUNK + TILE) * WIDE];
	__shared__ Rows rows;
	float *a = space, *u = a + CHUNK * WIDE, *before = u + CHUNK * WIDE, *after = before + TILE * WIDE, *dw = space, *other = dw + CHUNK * LONG;
	Chunk c(T, H, K, V);
	int k0 = BLOCK_Y * TILE;
	refs += c.refs;
	rows.read(c, dy, kept, weak);
	float weights[4][4], dg[4][2], df[4][2];
	each<4, 4>([&](int t, int s, int i, int j) { weights[i][j] = rows.ones[t]; });
	each<4, 2>([&](int t, int k, int i, int j) {
		i64 at = c.matrix + (i64)(k0 + k) * c.C + V;
		dg[i][j] = k0 + k < K ? rows.ones[t] * p[at] : 0.0f;
		df[i][j] = k0 + k < K ? d[at] : 0.0f;
	});
#pragma unroll 1
	for (int v0 = 0; v0 < V; v0 += TILE) {
		int values = least(TILE, V - v0);
		fill<CHUNK>(a, WIDE, 1, c.n, values, [&](int t, int v) { return rows.weak[t] ? 0.0f : dy[c.out(t, v0 + v)] / (float)kept[(c.row + t) * c.C + v0 + v]; });
		fill<CHUNK>(u, WIDE, 1, c.n, values, [&](int s, int v) { return exponential(qkv[c.in(s, 2 * K + v0 + v)] + refs[2 * K + v0 + v]); });
		fill<TILE>(before, WIDE, 1, K - k0, values, [&](int k, int v) { return p[c.matrix + (i64)(k0 + k) * c.C + v0 + v]; });
		fill<TILE>(after, WIDE, 1, K - k0, values, [&](int k, int v) { return d[c.matrix + (i64)(k0 + k) * c.C + v0 + v]; });
		__syncthreads();
		accumulate(weights, a, WIDE, u, WIDE, values);
		accumulate(dg, a, WIDE, before, WIDE, values);
		accumulate(df, u, WIDE, after, WIDE, values);
		__syncthreads();
	}
	auto query = [&](int t, int k) { return exponential(qkv[c.in(t, k0 + k)] + refs[k0 + k] - top[c.row + t]); };
	auto key = [&](int s, int k) { return exponential(qkv[c.in(s, K + k0 + k)] + refs[K + k0 + k]); };
	each<4, 4>([&](int t, int s, int i, int j) { dw[t * LONG + s] = s <= t ? weights[i][j] : 0.0f; });
	fill<CHUNK>(other, 1, LONG, c.n, K - k0, key);
	__syncthreads();
	accumulate(dg, dw, LONG, other, LONG, c.n);
	__syncthreads();
	each<4, 4>([&](int t, int s, int i, int j) { dw[s * LONG + t] = s <= t ? weights[i][j] : 0.0f; });
	fill<CHUNK>(other, 1, LONG, c.n, K - k0, query);
	__syncthreads();
	accumulate(df, dw, LONG, other, LONG, c.n);
	each<4, 2>([&](int t, int k, int i, int j) {
		if (t >= c.n || k0 + k >= K) return;
		dqkv[c.in(t, k0 + k)] = query(t, k) * dg[i][j];
		dqkv[c.in(t, K + k0 + k)] = key(t, k) * df[i][j];
	});
}

/* dv, in the way of logattention_read. */
KERNEL logattention_reverse_values(int T, int H, int K, int V, const float *qkv, const float *refs, const float *top, const float *d, const int *weak,
                                   const double *kept, const float *dy, float *dqkv) {
	__shared__ float space[(CHUNK + TILE) * LONG];
	__shared__ int weaks[CHUNK];
	float *g = space, *f = g + CHUNK * WIDE, *after = f + CHUNK * WIDE, *w = space, *a = w + CHUNK * LONG;
	Chunk c(T, H, K, V);
	int v0 = BLOCK_Y * TILE;
	refs += c.refs;
	if (THREAD_X < CHUNK) weaks[THREAD_X] = THREAD_X < c.n && weakRow(c, weak, THREAD_X);
	float weights[4][4] = {}, du[4][2] = {};
#pragma unroll 1
	for (int k0 = 0; k0 < K; k0 += TILE) {
		int keys = least(TILE, K - k0);
		fill<CHUNK>(g, WIDE, 1, c.n, keys, [&](int t, int k) { return exponential(qkv[c.in(t, k0 + k)] + refs[k0 + k] - top[c.row + t]); });
		fill<CHUNK>(f, WIDE, 1, c.n, keys, [&](int s, int k) { return exponential(qkv[c.in(s, K + k0 + k)] + refs[K + k0 + k]); });
		fill<TILE>(after, 1, WIDE, keys, V - v0, [&](int k, int v) { return d[c.matrix + (i64)(k0 + k) * c.C + v0 + v]; });
		__syncthreads();
		accumulate(weights, g, WIDE, f, WIDE, keys);
		accumulate(du, f, WIDE, after, WIDE, keys);
		__syncthreads();
	}
	each<4, 4>([&](int t, int s, int i, int j) { w[s * LONG + t] = s <= t ? weights[i][j] : 0.0f; });
	fill<CHUNK>(a, 1, LONG, c.n, V - v0, [&](int t, int v) { return weaks[t] ? 0.0f : dy[c.out(t, v0 + v)] / (float)kept[(c.row + t) * c.C + v0 + v]; });
	__syncthreads();
	accumulate(du, w, LONG, a, LONG, c.n);
	each<4, 2>([&](int s, int v, int i, int j) {
		if (s < c.n && v0 + v < V) dqkv[c.in(s, 2 * K + v0 + v)] = exponential(qkv[c.in(s, 2 * K + v0 + v)] + refs[2 * K + v0 + v]) * du[i][j];
	});
}

/* Adds what the others leave out: the gradients of weak rows, and those of elements of the state whose D is 0. Rows go in two
 * halves, first the weights of positions and their gradients, a warp for each row, then the gradients, a thread for each. */
KERNEL logattention_reverse_weak(int T, int H, int K, int V, const float *qkv, const double *states, const float *adjoint, const int *weak,
                                 const double *kept, const float *dy, float *dqkv) {
	enum { HALF = CHUNK / 2 };
	__shared__ double logs[HALF][CHUNK];
	__shared__ float gradients[HALF][CHUNK];
	__shared__ Rows rows;
	__shared__ int flags[THREADS / 32];
	Chunk c(T, H, K, V);
	int n = c.n, lane = THREAD_X % 32;
	bool exact = rows.read(c, dy, kept, weak), left = false;
	for (int i = THREAD_X; i < K * c.C; i += THREADS) left |= !(adjoint[c.matrix + i] == 0.0f);
	left = anywhere(left, flags);
	/* dL/dln N_tv by the share in N_tv of a part with that logarithm */
	auto share = [&](int t, int v, double part) {
		double sum = kept[(c.row + t) * c.C + v];
		return sum == NOTHING ? 0.0f : (v < V ? dy[c.out(t, v)] : rows.totals[t]) * exponential(part - sum);
	};
	if (exact)
#pragma unroll 1
		for (int t0 = 0; t0 < n; t0 += HALF) {
			int end = least(t0 + HALF, n);
#pragma unroll 1
			for (int t = t0 + THREAD_X / 32; t < end; t += THREADS / 32)
				for (int s = lane; s <= t && rows.weak[t]; s += 32) {
					double w = logWeight(c, qkv, t, s);
					float sum = 0.0f;
					for (int v = 0; v < c.C; v++) sum += share(t, v, w + valueOf(c, qkv, s, v));
					logs[t - t0][s] = w;
					gradients[t - t0][s] = sum;
				}
			__syncthreads();
			/* dL/dln w_ts by the share of key channel k in it */
			auto channel = [&](int t, int s, int k) {
				float gradient = gradients[t - t0][s];
				return gradient == 0.0f ? 0.0f : gradient * exponential((double)qkv[c.in(t, k)] + (double)qkv[c.in(s, K + k)] - logs[t - t0][s]);
			};
#pragma unroll 1
			for (int i = THREAD_X; i < n * (2 * K + V); i += THREADS) {
				int at = i / (2 * K + V), j = i % (2 * K + V);
				float sum = dqkv[c.in(at, j)];
				if (j < K) {
					if (at < t0 || at >= end || !rows.weak[at]) continue;
					for (int s = 0; s <= at; s++) sum += channel(at, s, j);
					for (int v = 0; v < c.C; v++) sum += share(at, v, (double)qkv[c.in(at, j)] + states[c.before + (i64)j * c.C + v]);
				} else {
					for (int t = at > t0 ? at : t0; t < end; t++)
						if (rows.weak[t]) sum += j < 2 * K ? channel(t, at, j - K) : share(t, j - 2 * K, logs[t - t0][at] + (double)qkv[c.in(at, j)]);
				}
				dqkv[c.in(at, j)] = sum;
			}
			__syncthreads();
		}
	if (!left) return;
	auto element = [&](int s, int k, int v) {
		i64 at = (i64)k * c.C + v;
		float gradient = adjoint[c.matrix + at];
		return gradient == 0.0f ? 0.0f : gradient * exponential((double)qkv[c.in(s, K + k)] + valueOf(c, qkv, s, v) - states[c.after + at]);
	};
#pragma unroll 1
	for (int i = THREAD_X; i < n * (K + V); i += THREADS) {
		int s = i / (K + V), j = i % (K + V);
		float sum = dqkv[c.in(s, K + j)];
		if (j < K)
			for (int v = 0; v < c.C; v++) sum += element(s, j, v);
		else
			for (int k = 0; k < K; k++) sum += element(s, k, j - K);
		dqkv[c.in(s, K + j)] = sum;
	}
}
