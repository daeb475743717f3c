#include "logattention.h"

/* The forward pass of log-exp attention (logattention.h), in the order of the kernels. The work for a position of a head is about
 * 64 K + 64 V + 2 K V multiplications, and 64 K more for each 32 values beyond the first: arithmetic is the limit, of which
 * logattention_read has nearly all. It reads 12 rows of 16 bytes from shared memory for 64 multiplications of each thread, which
 * keeps both about equally busy, so half of the peak is expected. Global memory passes q, k and v three times, and about 48 K V bytes
 * of states a chunk. */

/* refs of keys and values = minus the largest of the chunk. Lanes read neighboring numbers. */
KERNEL logattention_maxima(int T, int H, int K, int V, const float *qkv, float *refs) {
	Chunk c(T, H, K, V);
#pragma unroll 1
	for (int j = K + THREAD_X; j < 2 * K + V; j += THREADS) {
		float most = LOWEST;
#pragma unroll 8
		for (int s = 0; s < c.n; s++) {
			float x = qkv[c.in(s, j)];
			most = x > most ? x : most;
		}
		refs[c.refs + j] = -most;
	}
}

/* The sums of the chunk alone, to the place of the state after it. A block has 32 keys and 32 values. */
KERNEL logattention_absorb(int T, int H, int K, int V, const float *qkv, const float *refs, double *states) {
	__shared__ float f[TILE * LONG], u[TILE * LONG];
	Chunk c(T, H, K, V);
	int tiles = (K + TILE - 1) / TILE, k0 = BLOCK_Y % tiles * TILE, v0 = BLOCK_Y / tiles * TILE;
	refs += c.refs;
	fill<CHUNK>(f, 1, LONG, c.n, K - k0, [&](int s, int k) { return exponential(qkv[c.in(s, K + k0 + k)] + refs[K + k0 + k]); });
	fill<CHUNK>(u, 1, LONG, c.n, V - v0, [&](int s, int v) { return exponential(qkv[c.in(s, 2 * K + v0 + v)] + refs[2 * K + v0 + v]); });
	__syncthreads();
	float sum[2][2] = {}, ones = 0.0f;
	accumulate(sum, f, LONG, u, LONG, c.n);
	for (int s = THREAD_X % 8; s < c.n; s += 8) ones += f[THREAD_X / 8 * LONG + s];
	ones = together<8>(ones);
	auto write = [&](int k, int v, float x, double reference) {
		if (k >= K) return;
		LogSum exact;
		if (!(x >= SMALLEST))
			for (int s = 0; s < c.n; s++) exact.add((double)qkv[c.in(s, K + k)] + valueOf(c, qkv, s, v));
		states[c.after + (i64)k * c.C + v] = x >= SMALLEST ? (double)logarithm(x) - (double)refs[K + k] - reference : exact.log();
	};
	each<2, 2>([&](int k, int v, int i, int j) {
		if (v0 + v < V) write(k0 + k, v0 + v, sum[i][j], (double)refs[2 * K + v0 + v]);
	});
	if (v0 == 0 && THREAD_X % 8 == 0) write(k0 + THREAD_X / 8, V, ones, 0.0);
}

/* States before each chunk and after the last from the sums of the chunks, a thread for each element. ln of the sum grows by
 * log1p of the smaller part over the larger one, so it does not drift by the rounding of exp and log. Chunks follow each other:
 * 1,000 of them take about a millisecond. */
KERNEL logattention_scan(int tasks, int chunks, int elements, double *states) {
	i64 at = (i64)BLOCK_X * THREADS + THREAD_X;
	if (at >= (i64)tasks * elements) return;
	states += at / elements * (chunks + 1) * elements + at % elements;
	double state = NOTHING;
	*states = state;
#pragma unroll 4
	for (int i = 0; i < chunks; i++) {
		states += elements;
		double comes = *states;
		bool above = !(comes <= state); /* or NaN */
		double high = above ? comes : state, low = above ? state : comes;
		state = high == NOTHING ? high : high + (double)logarithm1p(exponential(low - high));
		*states = state;
	}
}

/* References that count in the state before the chunk too, P and top. */
KERNEL logattention_references(int T, int H, int K, int V, const float *qkv, const double *states, float *refs, float *top, float *p) {
	__shared__ float most[THREADS / 32];
	Chunk c(T, H, K, V);
	refs += c.refs;
	states += c.before;
	float largest = LOWEST;
	for (int k = THREAD_X; k < K; k += THREADS) {
		float m = -refs[K + k], s = (float)states[(i64)k * c.C + V];
		m = s > m ? s : m;
		refs[K + k] = -m;
		largest = m > largest ? m : largest;
	}
#pragma unroll
	for (int by = 16; by > 0; by /= 2) largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, by));
	if (THREAD_X % 32 == 0) most[THREAD_X / 32] = largest;
	__syncthreads();
#pragma unroll
	for (int w = 0; w < THREADS / 32; w++) largest = fmaxf(largest, most[w]);
	for (int k = THREAD_X; k < K; k += THREADS) refs[k] = -refs[K + k] - largest;
	for (int v = THREAD_X; v < V; v += THREADS) {
		float mu = -refs[2 * K + v];
		for (int k = 0; k < K; k++) {
			float s = (float)(states[(i64)k * c.C + v] + (double)refs[K + k]);
			mu = s > mu ? s : mu;
		}
		refs[2 * K + v] = -mu;
	}
	__syncthreads();
#pragma unroll 1
	for (int i = THREAD_X; i < K * c.C; i += THREADS) {
		int k = i / c.C, v = i % c.C;
		p[c.matrix + i] = exponential(states[i] + (double)refs[K + k] + (v < V ? (double)refs[2 * K + v] : 0.0));
	}
#pragma unroll 1
	for (int t = THREAD_X / 32; t < c.n; t += THREADS / 32) {
		float x = LOWEST;
		for (int k = THREAD_X % 32; k < K; k += 32) x = fmaxf(x, qkv[c.in(t, k)] + refs[k]);
#pragma unroll
		for (int by = 16; by > 0; by /= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, by));
		if (THREAD_X % 32 == 0) top[c.row + t] = x;
	}
}

/* y, and N to kept if it is not 0. A block has 32 values: keys pass by in tiles of 32, for W in registers, 4 by 4 a thread,
 * and g P, 4 by 2; then W goes to shared memory for W u. */
KERNEL logattention_read(int T, int H, int K, int V, const float *qkv, const float *refs, const float *top, const float *p, float *y, int *weak,
                         double *kept) {
	__shared__ float space[(CHUNK + TILE) * LONG], ones[WIDE], denominators[CHUNK];
	float *g = space, *f = g + CHUNK * WIDE, *state = f + CHUNK * WIDE, *w = space, *u = w + CHUNK * LONG;
	Chunk c(T, H, K, V);
	int v0 = BLOCK_Y * TILE, part = THREAD_X % 4;
	refs += c.refs;
	float weights[4][4] = {}, sums[4][2] = {}, denominator = 0.0f;
#pragma unroll 1
	for (int k0 = 0; k0 < K; k0 += TILE) {
		int keys = least(TILE, K - k0);
		fill<CHUNK>(g, WIDE, 1, c.n, keys, [&](int t, int k) { return exponential(qkv[c.in(t, k0 + k)] + refs[k0 + k] - top[c.row + t]); });
		fill<CHUNK>(f, WIDE, 1, c.n, keys, [&](int s, int k) { return exponential(qkv[c.in(s, K + k0 + k)] + refs[K + k0 + k]); });
		fill<TILE>(state, 1, WIDE, keys, V - v0, [&](int k, int v) { return p[c.matrix + (i64)(k0 + k) * c.C + v0 + v]; });
		if (THREAD_X < keys) ones[THREAD_X] = p[c.matrix + (i64)(k0 + THREAD_X) * c.C + V];
		__syncthreads();
		accumulate(weights, g, WIDE, f, WIDE, keys);
		accumulate(sums, g, WIDE, state, WIDE, keys);
		for (int k = part; k < keys; k += 4) denominator = fmaf(g[THREAD_X / 4 * WIDE + k], ones[k], denominator);
		__syncthreads();
	}
	each<4, 4>([&](int t, int s, int i, int j) { w[t * LONG + s] = s <= t ? weights[i][j] : 0.0f; });
	fill<CHUNK>(u, 1, LONG, c.n, V - v0, [&](int s, int v) { return exponential(qkv[c.in(s, 2 * K + v0 + v)] + refs[2 * K + v0 + v]); });
	__syncthreads();
	accumulate(sums, w, LONG, u, LONG, c.n);
	for (int s = part; s <= THREAD_X / 4; s += 4) denominator += w[THREAD_X / 4 * LONG + s];
	denominator = together<4>(denominator);
	if (part == 0) denominators[THREAD_X / 4] = denominator;
	__syncthreads();
	unsigned row = 0xffffu << (THREAD_X & 16); /* the threads of a row of sums */
#pragma unroll
	for (int i = 0; i < 4; i++) {
		int t = THREAD_X / 16 + 16 * i, bad = 0;
		float z = denominators[t];
#pragma unroll
		for (int j = 0; j < 2; j++) {
			int v = v0 + THREAD_X % 16 + 16 * j;
			if (t >= c.n || v >= V) continue;
			float x = sums[i][j];
			bad |= !(x >= SMALLEST && z >= SMALLEST);
			y[c.out(t, v)] = logarithm(x / z) - refs[2 * K + v];
			if (kept) kept[(c.row + t) * c.C + v] = (double)x;
		}
		bad = (int)warpMax(row, bad);
		if (t < c.n && THREAD_X % 16 == 0) {
			weak[(c.row + t) * BLOCKS_Y + BLOCK_Y] = bad;
			if (kept && v0 == 0) kept[(c.row + t) * c.C + V] = (double)z;
		}
	}
}

/* y of the weak rows, and ln N to kept. A warp has a row: first the weights of positions, a lane each, then the columns. */
KERNEL logattention_read_weak(int T, int H, int K, int V, const float *qkv, const double *states, const int *weak, float *y, double *kept) {
	__shared__ double logs[THREADS / 32][CHUNK];
	Chunk c(T, H, K, V);
	int lane = THREAD_X % 32, warp = THREAD_X / 32;
	states += c.before;
#pragma unroll 1
	for (int t = warp; t < c.n; t += THREADS / 32) {
		if (!weakRow(c, weak, t)) continue;
		for (int s = lane; s <= t; s += 32) logs[warp][s] = logWeight(c, qkv, t, s);
		__syncwarp();
		auto column = [&](int v) {
			LogSum n;
			for (int s = 0; s <= t; s++) n.add(logs[warp][s] + valueOf(c, qkv, s, v));
			for (int k = 0; k < K; k++) n.add((double)qkv[c.in(t, k)] + states[(i64)k * c.C + v]);
			return n.log();
		};
		double z = column(V);
		if (kept && lane == 0) kept[(c.row + t) * c.C + V] = z;
		for (int v = lane; v < V; v += 32) {
			double n = column(v);
			y[c.out(t, v)] = (float)(n - z);
			if (kept) kept[(c.row + t) * c.C + v] = n;
		}
		__syncwarp();
	}
}
