#include "attention.h"
#include "lanes.h"
#include "math.h"

/* Softmax attention in tiles (arXiv 2205.14135, 2307.08691): the weights are never stored.
 *
 *   s_tj = q_t . k_j / sqrt(K)   p_tj = exp(s_tj - lse_t)   y_t = sum_j p_tj v_j   lse_t = ln sum_j exp(s_tj)
 *   dv_j = sum_t p_tj dy_t   ds_tj = p_tj (dy_t . v_j - dy_t . y_t)   dq_t = sum_j ds_tj k_j / sqrt(K)   dk_j alike
 *
 * A block has rows of one head for itself and goes through the other side in tiles. Its 128 threads lie as 16 by 8: thread
 * (y, x) has rows y, y+16, ... and, of their scores, columns x, x+8, ... of the tile; of their sums, numbers 4x..4x+3 of each 32.
 * So a warp has all of its rows' scores, and passes them to the sums through its own part of shared memory. Products run on
 * CUDA cores. With heads of 64 numbers, the forward pass reads 16 bytes from shared memory for 8 to 11 multiplications, the
 * backward pass for 5 to 6. The limit is the rate of instructions, about three quarters of which multiply: it should come to
 * 50 to 60 % of the peak of multiplications, and to a third of it in the backward pass of heads wider than 64. */

enum { THREADS = 128, HIGH = 16, WIDE = 8 };

/* rows of D numbers in shared memory are so far apart that reads of 16 bytes from neighboring rows meet different banks */
template <int D>
__device__ __forceinline__ int place(int row) {
	return row * (D + 4);
}

/* Copies count > 0 rows of a head, times scale, to the first of ROWS rows, whose other numbers are 0. */
template <int D, int ROWS>
__device__ __forceinline__ void fetch(float *to, const float *from, i64 stride, int count, int width, float scale = 1.0f) {
#pragma unroll 1
	for (int p = THREAD_X; p < ROWS * D; p += 4 * THREADS) {
#pragma unroll
		for (int u = 0; u < 4; u++) {
			int r = (p + u * THREADS) / D, d = (p + u * THREADS) % D;
			/* without a branch, four reads are under way at a time */
			float v = from[(r < count ? r : count - 1) * stride + (d < width ? d : 0)];
			to[place<D>(r) + d] = r < count && d < width ? v * scale : 0.0f;
		}
	}
}

/* s[i][j] = row y + 16 i of own times row x + 8 j of a tile, over width numbers */
template <int D, int R, int C>
__device__ __forceinline__ void dots(float s[R][C], const float *own, const float *tile, int y, int x, int width) {
#pragma unroll
	for (int i = 0; i < R; i++)
#pragma unroll
		for (int j = 0; j < C; j++) s[i][j] = 0.0f;
#pragma unroll 1
	for (int d = 0; d < width; d += 4) {
		float a[4], b[C][4];
#pragma unroll
		for (int j = 0; j < C; j++) load4(b[j], tile + place<D>(x + WIDE * j) + d);
#pragma unroll
		for (int i = 0; i < R; i++) {
			load4(a, own + place<D>(y + HIGH * i) + d);
#pragma unroll
			for (int j = 0; j < C; j++)
#pragma unroll
				for (int e = 0; e < 4; e++) s[i][j] = fmaf(a[e], b[j][e], s[i][j]);
		}
	}
}

/* Writes weights of a thread, to rows of COLUMNS + 4 numbers, for the threads of its warp. */
template <int COLUMNS, int R, int C>
__device__ __forceinline__ void pass(float *weights, const float w[R][C], int y, int x) {
#pragma unroll
	for (int i = 0; i < R; i++)
#pragma unroll
		for (int j = 0; j < C; j++) weights[place<COLUMNS>(y + HIGH * i) + x + WIDE * j] = w[i][j];
}

/* sum[i][4 c + e] += sum over rows j < n of a tile of weight j of row y + 16 i times number 32 c + 4 x + e of row j */
template <int D, int COLUMNS, int R>
__device__ __forceinline__ void weighted(float sum[R][D / 8], const float *weights, const float *tile, int y, int x, int n) {
#pragma unroll 1
	for (int j = 0; j < n; j += 4) {
		float w[R][4], v[4];
#pragma unroll
		for (int i = 0; i < R; i++) load4(w[i], weights + place<COLUMNS>(y + HIGH * i) + j);
#pragma unroll
		for (int u = 0; u < 4; u++)
#pragma unroll
			for (int c = 0; c < D / 32; c++) {
				load4(v, tile + place<D>(j + u) + 32 * c + 4 * x);
#pragma unroll
				for (int i = 0; i < R; i++)
#pragma unroll
					for (int e = 0; e < 4; e++) sum[i][4 * c + e] = fmaf(w[i][u], v[e], sum[i][4 * c + e]);
			}
	}
}

/* The same without rows from seen[i] on, which need not be finite. */
template <int D, int COLUMNS, int R>
__device__ __forceinline__ void weightedSeen(float sum[R][D / 8], const float *weights, const float *tile, int y, int x, int n, const int seen[R]) {
#pragma unroll 1
	for (int j = 0; j < n; j++) {
		float v[D / 8];
#pragma unroll
		for (int c = 0; c < D / 32; c++) load4(v + 4 * c, tile + place<D>(j) + 32 * c + 4 * x);
#pragma unroll
		for (int i = 0; i < R; i++) {
			if (j >= seen[i]) continue;
			float w = weights[place<COLUMNS>(y + HIGH * i) + j];
#pragma unroll
			for (int e = 0; e < D / 8; e++) sum[i][e] = fmaf(w, v[e], sum[i][e]);
		}
	}
}

template <int R, int N>
__device__ __forceinline__ void clear(float sum[R][N]) {
#pragma unroll
	for (int i = 0; i < R; i++)
#pragma unroll
		for (int e = 0; e < N; e++) sum[i][e] = 0.0f;
}

/* the largest number of the threads of a row */
__device__ __forceinline__ float topOf(float v) {
#pragma unroll
	for (int lane = WIDE / 2; lane > 0; lane /= 2) v = fmaxf(v, __shfl_xor_sync(~0u, v, lane));
	return v;
}

/* D: width of a tile, at least K and V; ROWS: queries of a block; TILE: keys of a tile. Keys and values share its memory, one
 * after the other. Blocks with the most keys come first. */
template <int D, int ROWS, int TILE>
__device__ __forceinline__ void forward(int heads, int sequences, int queries, int keys, int K, int V, bool causal, float scale, Rows q, Rows k,
                                        Rows v, float *y, float *lse) {
	const int R = ROWS / HIGH, C = TILE / WIDE;
	const float least = __uint_as_float(0xff800000u); /* -inf */
	alignas(16) __shared__ float own[ROWS * (D + 4)], tile[TILE * (D + 4)], weights[ROWS * (TILE + 4)];
	int row = THREAD_X / WIDE, lane = THREAD_X % WIDE, pairs = heads * sequences, tiles = (queries + ROWS - 1) / ROWS;
	int first = (tiles - 1 - BLOCK_X / pairs) * ROWS, h = BLOCK_X % pairs % heads;
	i64 b = BLOCK_X % pairs / heads;
	int count = queries - first < ROWS ? queries - first : ROWS;
	fetch<D, ROWS>(own, q.data + (b * queries + first) * q.stride + h * q.step, q.stride, count, K, scale);
	float top[R], total[R], sum[R][D / 8]; /* total: of a thread's own weights */
	clear<R, D / 8>(sum);
#pragma unroll
	for (int i = 0; i < R; i++) top[i] = least, total[i] = 0.0f;
	int last = causal ? first + count : keys;
#pragma unroll 1
	for (int from = 0; from < last; from += TILE) {
		int n = keys - from < TILE ? keys - from : TILE;
		__syncthreads();
		fetch<D, TILE>(tile, k.data + (b * keys + from) * k.stride + h * k.step, k.stride, n, K);
		__syncthreads();
		float s[R][C];
		int seen[R];
		dots<D, R, C>(s, own, tile, row, lane, K);
#pragma unroll
		for (int i = 0; i < R; i++) {
			int t = first + row + HIGH * i;
			seen[i] = causal && t - from + 1 < n ? t - from + 1 : n; /* keys of the tile that the query sees, perhaps < 0 */
			float largest = least, before = top[i];
#pragma unroll
			for (int j = 0; j < C; j++) {
				s[i][j] = lane + WIDE * j < seen[i] ? s[i][j] : least;
				largest = fmaxf(largest, s[i][j]); /* a NaN has its weight, NaN */
			}
			top[i] = fmaxf(before, topOf(largest));
			float base = top[i] == least ? 0.0f : top[i]; /* where all scores so far are -inf, all weights are 0 */
			float keep = exponential(before - base);
			total[i] *= keep;
#pragma unroll
			for (int j = 0; j < C; j++) {
				s[i][j] = exponential(s[i][j] - base); /* 0 of -inf */
				total[i] += s[i][j];
			}
#pragma unroll
			for (int e = 0; e < D / 8; e++) sum[i][e] *= keep;
		}
		pass<TILE, R, C>(weights, s, row, lane);
		__syncthreads();
		fetch<D, TILE>(tile, v.data + (b * keys + from) * v.stride + h * v.step, v.stride, n, V);
		__syncthreads();
		if (causal && from + TILE > first + 1)
			weightedSeen<D, TILE, R>(sum, weights, tile, row, lane, n, seen);
		else
			weighted<D, TILE, R>(sum, weights, tile, row, lane, n);
	}
#pragma unroll
	for (int i = 0; i < R; i++) {
		int t = first + row + HIGH * i;
		float all = together<WIDE>(total[i]), inverse = 1.0f / all;
		if (t >= queries) continue;
		float *to = y + ((b * queries + t) * heads + h) * V;
#pragma unroll
		for (int e = 0; e < D / 8; e++) {
			int d = e / 4 * 32 + lane * 4 + e % 4;
			if (d < V) to[d] = sum[i][e] * inverse;
		}
		if (lane == 0) lse[(b * heads + h) * queries + t] = top[i] + logarithm(all);
	}
}

/* dot [B,H,T] = dy . y. A warp takes a row, a block of 256 threads eight. */
extern "C" __global__ void __launch_bounds__(256) softmax_dots(int heads, i64 rows, int queries, int V, const float *y, const float *dy, float *dot) {
	i64 row = (i64)BLOCK_X * 8 + THREAD_X / 32; /* (b*T + t)*H + h */
	int lane = THREAD_X % 32;
	if (row >= rows) return;
	float sum = 0;
	for (int i = lane; i < V; i += 32) sum = fmaf(y[row * V + i], dy[row * V + i], sum);
	sum = together<32>(sum);
	i64 h = row % heads, t = row / heads % queries, b = row / heads / queries;
	if (lane == 0) dot[(b * heads + h) * queries + t] = sum;
}

/* With KEYS the rows of a block are keys and their values, and the tiles queries with dy: it makes dk and dv. Without, the rows
 * are queries with dy, and the tiles keys and their values: it makes dq. */
template <int D, int ROWS, int TILE, bool KEYS>
__device__ __forceinline__ void backward(int heads, int sequences, int queries, int keys, int K, int V, bool causal, float scale, Rows q, Rows k,
                                         Rows v, Rows dy, const float *lse, const float *dot, float *dfirst, i64 dfirstStride, i64 dfirstStep,
                                         float *dsecond, i64 dsecondStride, i64 dsecondStep) {
	const int R = ROWS / HIGH, C = TILE / WIDE;
	alignas(16) __shared__ float ownA[ROWS * (D + 4)], ownB[ROWS * (D + 4)], tileA[TILE * (D + 4)], tileB[TILE * (D + 4)];
	alignas(16) __shared__ float slopes[ROWS * (TILE + 4)], weights[KEYS ? ROWS * (TILE + 4) : 4];
	int row = THREAD_X / WIDE, lane = THREAD_X % WIDE, pairs = heads * sequences;
	int rows = KEYS ? keys : queries, others = KEYS ? queries : keys, tiles = (rows + ROWS - 1) / ROWS;
	int number = BLOCK_X / pairs, first = (KEYS ? number : tiles - 1 - number) * ROWS, h = BLOCK_X % pairs % heads;
	i64 b = BLOCK_X % pairs / heads, stats = (b * heads + h) * queries;
	int count = rows - first < ROWS ? rows - first : ROWS;
	Rows a1 = KEYS ? k : q, b1 = KEYS ? v : dy, a2 = KEYS ? q : k, b2 = KEYS ? dy : v;
	fetch<D, ROWS>(ownA, a1.data + (b * rows + first) * a1.stride + h * a1.step, a1.stride, count, K, KEYS ? 1.0f : scale);
	fetch<D, ROWS>(ownB, b1.data + (b * rows + first) * b1.stride + h * b1.step, b1.stride, count, V);
	/* of the queries, which are rows, or with KEYS columns of the tile */
	const int N = KEYS ? C : R;
	float sumA[R][D / 8], sumB[R][D / 8], lses[N], products[N];
	clear<R, D / 8>(sumA);
	clear<R, D / 8>(sumB);
#pragma unroll
	for (int i = 0; i < N; i++) {
		int t = first + row + HIGH * i;
		lses[i] = !KEYS && t < queries ? lse[stats + t] : 0.0f;
		products[i] = !KEYS && t < queries ? dot[stats + t] : 0.0f;
	}
	int begin = KEYS && causal ? first / TILE * TILE : 0, end = !KEYS && causal ? first + count : others;
#pragma unroll 1
	for (int from = begin; from < end; from += TILE) {
		int n = others - from < TILE ? others - from : TILE;
		__syncthreads();
		fetch<D, TILE>(tileA, a2.data + (b * others + from) * a2.stride + h * a2.step, a2.stride, n, K, KEYS ? scale : 1.0f);
		fetch<D, TILE>(tileB, b2.data + (b * others + from) * b2.stride + h * b2.step, b2.stride, n, V);
		if (KEYS) {
#pragma unroll
			for (int j = 0; j < C; j++) {
				int t = from + lane + WIDE * j;
				lses[j] = t < queries ? lse[stats + t] : 0.0f;
				products[j] = t < queries ? dot[stats + t] : 0.0f;
			}
		}
		__syncthreads();
		float s[R][C], g[R][C];
		dots<D, R, C>(s, ownA, tileA, row, lane, K);
		dots<D, R, C>(g, ownB, tileB, row, lane, V);
#pragma unroll
		for (int i = 0; i < R; i++)
#pragma unroll
			for (int j = 0; j < C; j++) {
				int mine = first + row + HIGH * i, other = from + lane + WIDE * j, of = KEYS ? j : i;
				bool sees = other < others && mine < rows && (!causal || (KEYS ? mine <= other : other <= mine));
				float weight = exponential(s[i][j] - lses[of]), slope = weight * (g[i][j] - products[of]);
				s[i][j] = sees ? weight : 0.0f;
				g[i][j] = sees ? slope : 0.0f;
			}
		pass<TILE, R, C>(slopes, g, row, lane);
		if (KEYS) pass<TILE, R, C>(weights, s, row, lane);
		__syncwarp();
		weighted<D, TILE, R>(sumA, slopes, tileA, row, lane, n);
		if (KEYS) weighted<D, TILE, R>(sumB, weights, tileB, row, lane, n);
	}
#pragma unroll
	for (int i = 0; i < R; i++) {
		i64 t = first + row + HIGH * i;
		if (t >= rows) continue;
#pragma unroll
		for (int e = 0; e < D / 8; e++) {
			int d = e / 4 * 32 + lane * 4 + e % 4;
			if (d < K) dfirst[(b * rows + t) * dfirstStride + h * dfirstStep + d] = KEYS ? sumA[i][e] : sumA[i][e] * scale;
			if (KEYS && d < V) dsecond[(b * rows + t) * dsecondStride + h * dsecondStep + d] = sumB[i][e];
		}
	}
}

#define SIZES int heads, int sequences, int queries, int keys, int K, int V, int causal, float scale
#define GIVEN heads, sequences, queries, keys, K, V, causal, scale, ROWS_OF(q), ROWS_OF(k), ROWS_OF(v)
#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS)

/* widths up to D; rows of a block and of a tile, forward and backward */
#define ATTENTION(D, ROWS, TILE, ROWS_BACK, TILE_BACK)                                                                                      \
	KERNEL softmax_forward_##D(SIZES, OPERAND(q), OPERAND(k), OPERAND(v), float *y, float *lse) { forward<D, ROWS, TILE>(GIVEN, y, lse); } \
	KERNEL softmax_backward_keys_##D(SIZES, OPERAND(q), OPERAND(k), OPERAND(v), OPERAND(dy), const float *lse, const float *dot,         \
	                                 RESULT(dk), RESULT(dv)) {                                                                            \
		backward<D, ROWS_BACK, TILE_BACK, true>(GIVEN, ROWS_OF(dy), lse, dot, dk, dkStride, dkStep, dv, dvStride, dvStep);               \
	}                                                                                                                                     \
	KERNEL softmax_backward_queries_##D(SIZES, OPERAND(q), OPERAND(k), OPERAND(v), OPERAND(dy), const float *lse, const float *dot,      \
	                                    RESULT(dq)) {                                                                                     \
		backward<D, ROWS_BACK, TILE_BACK, false>(GIVEN, ROWS_OF(dy), lse, dot, dq, dqStride, dqStep, 0, 0, 0);                           \
	}
ATTENTION(32, 64, 32, 64, 32)
ATTENTION(64, 64, 32, 32, 32)
ATTENTION(128, 32, 32, 16, 16)
