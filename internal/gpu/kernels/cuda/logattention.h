/* What the kernels of log-exp attention share. Their mathematics is in internal/kernels/logattention/chunk.go: time runs in
 * chunks of 64 positions, in which keys, values and queries are taken relative to references m_k and mu_c,
 *
 *   f_sk = exp(k_sk - m_k)   u_sc = exp(v_sc - mu_c)   g_tk = exp(q_tk + m_k - max m - top_t)   P_kc = exp(S_kc - m_k - mu_c)
 *   W = g f^T for s <= t     N = W u + g P             y_tv = ln(N_tv / N_tV) + mu_v
 *
 * where S_kc is the logarithm of the sum of exp(k_sk + v_sc) over the chunks before, and column V has v = 0. Where the host
 * goes from chunk to chunk, all chunks run at once here: each sums up by itself, a scan over chunks turns the sums into S,
 * and then each chunk reads. The backward pass is the same in the other direction. Where a sum relative to the references is
 * below SMALLEST, terms that count may have underflowed: the row of N, or the element of S, is computed among logarithms.
 *
 *   qkv [B,T,H,2K+V]   y [B,T,H,V]   states double [B*H,chunks+1,K,C]   p, d, adjoint [B*H,chunks,K,C]   C = V+1
 *   refs [B*H,chunks,2K+V]: what is added to a row of qkv: m_k - max m, -m_k, -mu_v
 *   top [B*H,T]   weak int [B*H,T,tiles]: whether a sum of a tile of 32 values is below SMALLEST
 *   kept double [B*H,T,C]: N, or in weak rows its logarithm */
#pragma once
#include "lanes.h"
#include "math.h"

typedef long long i64;

enum { CHUNK = 64, TILE = 32, WIDE = TILE + 4, LONG = CHUNK + 4 }; /* rows in shared memory begin at multiples of 16 bytes */

#define SMALLEST 0x1p-60f
#define LOWEST -1e30f /* the reference where there is nothing, so that -inf minus it remains -inf */
#define NOTHING (-__builtin_inf())

#define THREADS 256
#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS)

/* A chunk of one head of one sequence, of which every block has one, and the places of its first position. */
struct Chunk {
	int K, V, C, n;    /* n positions */
	i64 stride;        /* from a position of qkv to the next */
	i64 head, y, row;  /* in qkv; in y; in [B*H,T] */
	i64 before, after; /* the states */
	i64 matrix, refs;  /* in [B*H,chunks,K,C], and in refs */
	int H;

	__device__ __forceinline__ Chunk(int T, int H, int K, int V) : K(K), V(V), C(V + 1), H(H) {
		int chunks = (T + CHUNK - 1) / CHUNK, task = BLOCK_X / chunks, i = BLOCK_X % chunks, lo = i * CHUNK, b = task / H, h = task % H;
		n = T - lo < CHUNK ? T - lo : CHUNK;
		stride = (i64)H * (2 * K + V);
		head = ((i64)b * T + lo) * stride + (i64)h * (2 * K + V);
		y = (((i64)b * T + lo) * H + h) * V;
		row = (i64)task * T + lo;
		before = ((i64)task * (chunks + 1) + i) * K * C;
		after = before + (i64)K * C;
		matrix = (i64)BLOCK_X * K * C;
		refs = (i64)BLOCK_X * (2 * K + V);
	}
	/* numbers of position t: of qkv, where queries begin at 0, keys at K and values at 2K, and of y */
	__device__ __forceinline__ i64 in(int t, int j) const { return head + t * stride + j; }
	__device__ __forceinline__ i64 out(int t, int v) const { return y + (i64)t * H * V + v; }
};

__device__ __forceinline__ int least(int a, int b) { return a < b ? a : b; }

/* tile[r*down + j*right] = f(r, j) for r < rows and j < columns, 0 beyond, for R rows of 32. Lanes of a warp have one r. */
template <int R, class F>
__device__ __forceinline__ void fill(float *tile, int down, int right, int rows, int columns, F f) {
#pragma unroll 1
	for (int p = THREAD_X; p < R * TILE; p += THREADS) {
		int r = p / TILE, j = p % TILE;
		tile[r * down + j * right] = r < rows && j < columns ? f(r, j) : 0.0f;
	}
}

/* sum_ij += sum over the first n numbers of row y + 16i of a times row x + 16j of b, for thread (x, y) of 16 by 16. n is
 * rounded up to a multiple of 4. */
template <int I, int J>
__device__ __forceinline__ void accumulate(float (&sum)[I][J], const float *a, int strideA, const float *b, int strideB, int n) {
	a += THREAD_X / 16 * strideA;
	b += THREAD_X % 16 * strideB;
#pragma unroll 1
	for (int k = 0; k < n; k += 4) {
		float x[I][4], y[J][4];
#pragma unroll
		for (int i = 0; i < I; i++) load4(x[i], a + 16 * i * strideA + k);
#pragma unroll
		for (int j = 0; j < J; j++) load4(y[j], b + 16 * j * strideB + k);
#pragma unroll
		for (int e = 0; e < 4; e++)
#pragma unroll
			for (int i = 0; i < I; i++)
#pragma unroll
				for (int j = 0; j < J; j++) sum[i][j] = fmaf(x[i][e], y[j][e], sum[i][j]);
	}
}

/* calls f(row, column, i, j) for the numbers of a thread of accumulate */
template <int I, int J, class F>
__device__ __forceinline__ void each(F f) {
#pragma unroll
	for (int i = 0; i < I; i++)
#pragma unroll
		for (int j = 0; j < J; j++) f(THREAD_X / 16 + 16 * i, THREAD_X % 16 + 16 * j, i, j);
}

/* whether v is true for a thread of the block; flags has a number for each warp */
__device__ __forceinline__ bool anywhere(bool v, int *flags) {
	unsigned warp = warpMax(~0u, v);
	if (THREAD_X % 32 == 0) flags[THREAD_X / 32] = (int)warp;
	__syncthreads();
	int found = 0;
#pragma unroll
	for (int w = 0; w < THREADS / 32; w++) found |= flags[w];
	return found;
}

/* exp(x), of a difference of logarithms that was taken in double, so that keys of 10^4 keep their digits */
__device__ __forceinline__ float exponential(double x) { return exponential((float)x); }

/* The logarithm of a sum of exponentials, term by term: exp(top) * sum. */
struct LogSum {
	double top = NOTHING;
	float sum = 0.0f;

	__device__ __forceinline__ void add(double x) {
		if (x == NOTHING) return;
		double d = x - top;
		bool above = !(d <= 0.0); /* or NaN, which stays */
		float e = exponential(above ? -d : d);
		sum = above ? fmaf(sum, e, 1.0f) : sum + e;
		top = above ? x : top;
	}
	__device__ __forceinline__ double log() const { return top == NOTHING ? top : top + (double)logarithm(sum); }
};

/* ln sum over k of exp(q_tk + k_sk) */
__device__ __forceinline__ double logWeight(const Chunk &c, const float *qkv, int t, int s) {
	LogSum w;
#pragma unroll 1
	for (int k = 0; k < c.K; k++) w.add((double)qkv[c.in(t, k)] + (double)qkv[c.in(s, c.K + k)]);
	return w.log();
}

/* v_sv, with the column of ones */
__device__ __forceinline__ double valueOf(const Chunk &c, const float *qkv, int s, int v) {
	return v < c.V ? (double)qkv[c.in(s, 2 * c.K + v)] : 0.0;
}

/* whether a sum of row t is too small for numbers relative to the references */
__device__ __forceinline__ bool weakRow(const Chunk &c, const int *weak, int t) {
	int tiles = (c.V + TILE - 1) / TILE, any = 0;
	for (int i = 0; i < tiles; i++) any |= weak[(c.row + t) * tiles + i];
	return any;
}
