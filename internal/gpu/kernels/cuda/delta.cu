#include "lanes.h"
#include "math.h"

/* The delta rule, step by step (internal/kernels/delta/doc.go). A value head has a state S [K, V]; a token decays it by a, and
 * each of its n steps corrects what it holds under a key:
 *
 *   q [B,T,KH,K]   k [B,T,n,KH,K]   v, r [B,T,n,VH,V]   beta [B,T,n,VH]   g [B,T,VH] or 0   o [B,T,VH,V]
 *   S <- a S   r = v - k S   S <- S + beta k^T r   o = s q S   a = exp(g)
 *
 * The columns of S do not depend on each other, and in the backward pass neither columns of its adjoint dS nor, once dv is
 * known, rows of S and dS. So four passes need no sums across blocks, and no states are stored:
 *
 *   delta_forward   columns, from the first step:  r and o
 *   delta_values    columns, from the last step:   dS += s q^T do   dv = beta k dS   dS <- a (dS - k^T dv)
 *   delta_keys      rows, from the last step:      the same, with y = A r of the adjoint A before the step's query is added:
 *                                                  dk = beta (y + s (do r) q)
 *   delta_queries   rows, from the first step:     S <- a S   x = S dv   w = S do   dk -= x   S += beta k^T r   dq = s (w + beta (r do) k)
 *
 * They also sum up, for each step, later = k y and before = s q w - k x, of which delta_steps makes the gradients of beta and g:
 * dbeta = later + s (q k) (r do), and dg_t is the sum of before - beta later over the steps from t on.
 *
 * A block of 128 threads has 32 columns or rows, 4 lanes each, with R numbers in the registers of a lane; what all of them share
 * of 16 steps is read ahead by one tile and lies in shared memory. Steps follow each other, so their latency is the limit, some
 * 100 cycles and 2 R, with B*VH*V/8 or B*VH*K/8 warps at work: the GPU is full from about 500 of them on. */

typedef long long i64;

enum { STEPS = 16, OUTER = 32, THREADS = 128 };

#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS)

/* Rows of an operand of a head: one for each step, or for each token, at the step that a query reads (the last of a token). */
struct Operand {
	const float *data;
	i64 stride;
	int width;
	bool token;

	__device__ __forceinline__ float at(int step, int i, int n) const {
		if (i >= width) return 0.0f;
		if (!token) return data[step * stride + i];
		return step % n == n - 1 ? data[step / n * stride + i] : 0.0f;
	}
};

/* A head of a sequence and the first column or row of a block. */
struct Head {
	int n, VH, KH, K, V, b, h, steps, outer;
	i64 first; /* step of all sequences */

	__device__ __forceinline__ Head(int T, int n, int KH, int VH, int K, int V, int width) : n(n), VH(VH), KH(KH), K(K), V(V) {
		int blocks = (width + OUTER - 1) / OUTER, head = BLOCK_X / blocks;
		b = head / VH, h = head % VH, steps = T * n, outer = BLOCK_X % blocks * OUTER;
		first = (i64)b * steps;
	}
	/* of K or V numbers from one on, for each step or token, of the key head or the value head */
	__device__ __forceinline__ Operand keys(const float *x, int from, bool token) const {
		return {x + ((token ? first / n : first) * KH + h / (VH / KH)) * K + from, (i64)KH * K, K - from, token};
	}
	__device__ __forceinline__ Operand values(const float *x, int from, bool token) const {
		return {x + ((token ? first / n : first) * VH + h) * V + from, (i64)VH * V, V - from, token};
	}
};

/* Rows of W numbers of an operand for 16 steps, on their way through registers to shared memory. */
template <int W>
struct Tile {
	float next[STEPS * W / THREADS];

	__device__ __forceinline__ void fetch(const Operand &x, const Head &c, int from) {
#pragma unroll
		for (int e = 0; e < STEPS * W / THREADS; e++) {
			int p = THREAD_X + THREADS * e, step = from + p / W;
			next[e] = step >= 0 && step < c.steps ? x.at(step, p % W, c.n) : 0.0f;
		}
	}
	__device__ __forceinline__ void put(float (*rows)[W]) const {
#pragma unroll
		for (int e = 0; e < STEPS * W / THREADS; e++) {
			int p = THREAD_X + THREADS * e;
			rows[p / W][p % W] = next[e];
		}
	}
};

/* beta and the decay of 16 steps likewise */
struct Rates {
	float beta, decay;

	__device__ __forceinline__ void fetch(const float *betas, const float *g, const Head &c, int from) {
		int step = from + THREAD_X;
		if (THREAD_X >= STEPS || step < 0 || step >= c.steps) return;
		beta = betas[(c.first + step) * c.VH + c.h];
		decay = g && step % c.n == 0 ? exponential(g[(c.first + step) / c.n * c.VH + c.h]) : 1.0f;
	}
	__device__ __forceinline__ void put(float (*rates)[2]) const {
		if (THREAD_X < STEPS) rates[THREAD_X][0] = beta, rates[THREAD_X][1] = decay;
	}
};

/* how many steps a tile has that begins at one */
__device__ __forceinline__ int stepsFrom(const Head &c, int from) { return c.steps - from < STEPS ? c.steps - from : STEPS; }

/* the numbers of a lane in a row of 4 R: every fourth four */
template <int R>
__device__ __forceinline__ void lane(float x[R], const float *row) {
#pragma unroll
	for (int i = 0; i < R; i += 4) load4(x + i, row + 4 * i + THREAD_X % 4 * 4);
}

/* the lane's part of x y */
template <int R>
__device__ __forceinline__ float dot(const float x[R], const float y[R]) {
	float p[4] = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll
	for (int i = 0; i < R; i++) p[i % 4] = fmaf(x[i], y[i], p[i % 4]);
	return (p[0] + p[1]) + (p[2] + p[3]);
}

template <int R>
__device__ __forceinline__ void add(float x[R], float c, const float y[R]) {
#pragma unroll
	for (int i = 0; i < R; i++) x[i] = fmaf(c, y[i], x[i]);
}

template <int R>
__device__ __forceinline__ void scale(float x[R], float c) {
#pragma unroll
	for (int i = 0; i < R; i++) x[i] *= c;
}

template <int R>
__device__ __forceinline__ void forward(const Head &c, float s, const float *q, const float *k, const float *v, const float *beta, const float *g,
                                        float *o, float *r) {
	__shared__ float queries[STEPS][4 * R], keys[STEPS][4 * R], values[STEPS][OUTER], rates[STEPS][2];
	Operand q_ = c.keys(q, 0, true), k_ = c.keys(k, 0, false), v_ = c.values(v, c.outer, false);
	Tile<4 * R> queryTile, keyTile;
	Tile<OUTER> valueTile;
	Rates rate = {0.0f, 1.0f};
	int j = THREAD_X / 4;
	bool writes = THREAD_X % 4 == 0 && c.outer + j < c.V;
	float state[R] = {};
#pragma unroll 1
	for (int from = -STEPS; from < c.steps; from += STEPS) {
		int next = from + STEPS, count = from < 0 ? 0 : stepsFrom(c, from);
		queryTile.fetch(q_, c, next), keyTile.fetch(k_, c, next), valueTile.fetch(v_, c, next), rate.fetch(beta, g, c, next);
#pragma unroll 1
		for (int i = 0; i < count; i++) {
			float x[R], step = rates[i][0], decay = rates[i][1];
			lane<R>(x, keys[i]);
			if (decay != 1.0f) scale<R>(state, decay);
			float rest = values[i][j] - together<4>(dot<R>(x, state));
			add<R>(state, step * rest, x);
			i64 at = c.first + from + i;
			if (writes && r) r[(at * c.VH + c.h) * c.V + c.outer + j] = rest;
			if ((from + i) % c.n != c.n - 1) continue;
			lane<R>(x, queries[i]);
			float out = s * together<4>(dot<R>(x, state));
			if (writes) o[(at / c.n * c.VH + c.h) * c.V + c.outer + j] = out;
		}
		__syncthreads();
		queryTile.put(queries), keyTile.put(keys), valueTile.put(values), rate.put(rates);
		__syncthreads();
	}
}

template <int R>
__device__ __forceinline__ void reverseValues(const Head &c, float s, const float *q, const float *k, const float *beta, const float *g, const float *dout,
                                              float *dv) {
	__shared__ float queries[STEPS][4 * R], keys[STEPS][4 * R], douts[STEPS][OUTER], rates[STEPS][2];
	Operand q_ = c.keys(q, 0, true), k_ = c.keys(k, 0, false), do_ = c.values(dout, c.outer, true);
	Tile<4 * R> queryTile, keyTile;
	Tile<OUTER> doutTile;
	Rates rate = {0.0f, 1.0f};
	int j = THREAD_X / 4;
	bool writes = THREAD_X % 4 == 0 && c.outer + j < c.V;
	float adjoint[R] = {};
#pragma unroll 1
	for (int from = (c.steps + STEPS - 1) / STEPS * STEPS; from >= 0; from -= STEPS) {
		int next = from - STEPS, count = stepsFrom(c, from);
		queryTile.fetch(q_, c, next), keyTile.fetch(k_, c, next), doutTile.fetch(do_, c, next), rate.fetch(beta, g, c, next);
#pragma unroll 1
		for (int i = count - 1; i >= 0; i--) {
			float x[R], step = rates[i][0], decay = rates[i][1];
			if ((from + i) % c.n == c.n - 1) {
				lane<R>(x, queries[i]);
				add<R>(adjoint, s * douts[i][j], x);
			}
			lane<R>(x, keys[i]);
			float dvalue = step * together<4>(dot<R>(x, adjoint));
			if (writes) dv[((c.first + from + i) * c.VH + c.h) * c.V + c.outer + j] = dvalue;
			add<R>(adjoint, -dvalue, x);
			if (decay != 1.0f) scale<R>(adjoint, decay);
		}
		__syncthreads();
		queryTile.put(queries), keyTile.put(keys), doutTile.put(douts), rate.put(rates);
		__syncthreads();
	}
}

/* What the two passes over rows share: r, dv and do of 16 steps, q and k of the block's rows, and sums over the rows of a block
 * for each step. */
template <int R>
struct RowTiles {
	float r[STEPS][4 * R], dv[STEPS][4 * R], dout[STEPS][4 * R], keys[STEPS][OUTER], queries[STEPS][OUTER], rates[STEPS][2];
	float sums[STEPS][THREADS / 32];
};

template <int R>
struct RowFetch {
	Operand r, dv, dout, k, q;
	Tile<4 * R> rTile, dvTile, doutTile;
	Tile<OUTER> keyTile, queryTile;
	Rates rate = {0.0f, 1.0f};

	__device__ __forceinline__ void fetch(const Head &c, const float *beta, const float *g, int from) {
		rTile.fetch(r, c, from), dvTile.fetch(dv, c, from), doutTile.fetch(dout, c, from);
		keyTile.fetch(k, c, from), queryTile.fetch(q, c, from), rate.fetch(beta, g, c, from);
	}
	__device__ __forceinline__ void put(RowTiles<R> &t) const {
		rTile.put(t.r), dvTile.put(t.dv), doutTile.put(t.dout), keyTile.put(t.keys), queryTile.put(t.queries), rate.put(t.rates);
	}
};

/* Adds up a number of each row for step i. */
__device__ __forceinline__ void sumRows(float (*sums)[THREADS / 32], int i, float ofLane) {
	float sum = together<32>(ofLane);
	if (THREAD_X % 32 == 0) sums[i][THREAD_X / 32] = sum;
}

/* dk [B,T,n,VH,K], and later [blocks,steps] of the head; or, if forwards, dq [B,T,VH,K], what is left of dk, and before. */
template <int R, bool forwards>
__device__ __forceinline__ void reverseRows(const Head &c, float s, const float *q, const float *k, const float *beta, const float *g, const float *r,
                                            const float *dv, const float *dout, float *dq, float *dk, float *sums) {
	__shared__ RowTiles<R> tiles;
	RowFetch<R> rows = {c.values(r, 0, false), c.values(dv, 0, false), c.values(dout, 0, true), c.keys(k, c.outer, false), c.keys(q, c.outer, true)};
	int j = THREAD_X / 4;
	bool writes = THREAD_X % 4 == 0 && c.outer + j < c.K;
	sums += (i64)BLOCK_X * c.steps;
	float state[R] = {}; /* or its adjoint */
	int end = (c.steps + STEPS - 1) / STEPS * STEPS;
#pragma unroll 1
	for (int from = forwards ? -STEPS : end; forwards ? from < end : from >= 0; from += forwards ? STEPS : -STEPS) {
		int count = from < 0 ? 0 : stepsFrom(c, from);
		rows.fetch(c, beta, g, forwards ? from + STEPS : from - STEPS);
#pragma unroll 1
		for (int e = 0; e < count; e++) {
			int i = forwards ? e : count - 1 - e;
			float x[R], d[R], y[R], step = tiles.rates[i][0], decay = tiles.rates[i][1], key = tiles.keys[i][j], query = tiles.queries[i][j];
			bool reads = (from + i) % c.n == c.n - 1;
			i64 at = ((c.first + from + i) * c.VH + c.h) * c.K + c.outer + j, token = ((c.first + from + i) / c.n * c.VH + c.h) * c.K + c.outer + j;
			lane<R>(x, tiles.r[i]);
			lane<R>(y, tiles.dv[i]);
			lane<R>(d, tiles.dout[i]); /* 0 where nothing reads */
			float own = together<4>(dot<R>(x, d));
			if (forwards) {
				if (decay != 1.0f) scale<R>(state, decay);
				float held = dot<R>(state, y), read = dot<R>(state, d);
				sumRows(tiles.sums, i, s * query * read - key * held);
				add<R>(state, step * key, x);
				held = together<4>(held), read = together<4>(read);
				if (writes) {
					dk[at] -= held;
					if (reads) dq[token] = s * fmaf(step * own, key, read);
				}
			} else {
				float later = dot<R>(state, x);
				sumRows(tiles.sums, i, key * later);
				later = together<4>(later);
				if (writes) dk[at] = step * fmaf(s * own, query, later);
				add<R>(state, s * query, d);
				add<R>(state, -key, y);
				if (decay != 1.0f) scale<R>(state, decay);
			}
		}
		__syncthreads();
		if (THREAD_X < count) {
			const float *p = tiles.sums[THREAD_X];
			sums[from + THREAD_X] = (p[0] + p[1]) + (p[2] + p[3]);
		}
		rows.put(tiles);
		__syncthreads();
	}
}

#define SIZES int T, int n, int KH, int VH, int K, int V, float s

#define DELTA(W, R)                                                                                                                    \
	KERNEL delta_forward_##W(SIZES, const float *q, const float *k, const float *v, const float *beta, const float *g, float *o, float *r) {  \
		forward<R>(Head(T, n, KH, VH, K, V, V), s, q, k, v, beta, g, o, r);                                                     \
	}                                                                                                                              \
	KERNEL delta_values_##W(SIZES, const float *q, const float *k, const float *beta, const float *g, const float *dout, float *dv) {     \
		reverseValues<R>(Head(T, n, KH, VH, K, V, V), s, q, k, beta, g, dout, dv);                                              \
	}                                                                                                                              \
	KERNEL delta_keys_##W(SIZES, const float *q, const float *k, const float *beta, const float *g, const float *r, const float *dv,      \
	        const float *dout, float *dk, float *later) {                                                                          \
		reverseRows<R, false>(Head(T, n, KH, VH, K, V, K), s, q, k, beta, g, r, dv, dout, 0, dk, later);                        \
	}                                                                                                                              \
	KERNEL delta_queries_##W(SIZES, const float *q, const float *k, const float *beta, const float *g, const float *r, const float *dv,   \
	        const float *dout, float *dq, float *dk, float *before) {                                                              \
		reverseRows<R, true>(Head(T, n, KH, VH, K, V, K), s, q, k, beta, g, r, dv, dout, dq, dk, before);                       \
	}
DELTA(32, 8)
DELTA(64, 16)
DELTA(128, 32)

/* dbeta, and before - beta later of each step to before of the first block of its head. A warp has a step. */
KERNEL delta_steps(SIZES, int heads, const float *q, const float *k, const float *beta, const float *r, const float *dout, const float *later,
                   float *before, float *dbeta) {
	int steps = T * n, blocks = (K + OUTER - 1) / OUTER;
	i64 number = (i64)BLOCK_X * (THREADS / 32) + THREAD_X / 32;
	if (number >= (i64)heads * steps) return;
	int lane = THREAD_X % 32, step = (int)(number % steps), head = (int)(number / steps), h = head % VH;
	i64 row = (i64)(head / VH) * steps + step, token = row / n, at = row * VH + h;
	q += (token * KH + h / (VH / KH)) * K, k += (row * KH + h / (VH / KH)) * K, dout += (token * VH + h) * V, r += at * V;
	bool reads = step % n == n - 1;
	float score = 0.0f, own = 0.0f;
	for (int i = lane; reads && i < K; i += 32) score = fmaf(q[i], k[i], score);
	for (int i = lane; reads && i < V; i += 32) own = fmaf(r[i], dout[i], own);
	score = together<32>(score), own = together<32>(own);
	if (lane != 0) return;
	later += (i64)head * blocks * steps + step, before += (i64)head * blocks * steps + step;
	float after = 0.0f, earlier = 0.0f;
	for (int i = 0; i < blocks; i++) after += later[(i64)i * steps], earlier += before[(i64)i * steps];
	dbeta[at] = reads ? fmaf(s * score, own, after) : after;
	*before = earlier - beta[at] * after;
}

/* dg: the sums of the differences of the steps from each token on, in double. Where a decay is 0 nothing before it counts. A
 * thread has a head: it reads 4 bytes a step, far ahead, and adds. */
KERNEL delta_decays(SIZES, int heads, const float *g, const float *differences, float *dg) {
	int head = BLOCK_X * THREADS + THREAD_X, steps = T * n, blocks = (K + OUTER - 1) / OUTER;
	if (head >= heads) return;
	differences += (i64)head * blocks * steps;
	double sum = 0.0;
#pragma unroll 1
	for (int t = T - 1; t >= 0; t--) {
		i64 at = ((i64)(head / VH) * T + t) * VH + head % VH;
#pragma unroll 4
		for (int i = n - 1; i >= 0; i--) sum += (double)differences[t * n + i];
		if (exponential(g[at]) == 0.0f) sum *= 0.0; /* NaN remains */
		dg[at] = (float)sum;
	}
}

/* The gradient of a key head, the sum of those of its value heads: y [rows,KH,K] of x [rows,VH,K]. A thread has a number. */
KERNEL delta_group(i64 numbers, int KH, int VH, int K, const float *x, float *y) {
	i64 at = (i64)BLOCK_X * THREADS + THREAD_X;
	if (at >= numbers) return;
	int group = VH / KH;
	x += at / K * group * K + at % K;
	float sum = 0.0f;
	for (int i = 0; i < group; i++) sum += x[(i64)i * K];
	y[at] = sum;
}
