#include "attention.h"

/* Taylor attention by features: what earlier spans of keys give to queries, and what later queries give to keys, through a
 * state of constant size (arXiv 2602.00294). The products inside a span are those of taylor.cu.
 *
 *   w(q, k) = sum over monomials f of degree p < P of c_f f(q') f(k'), q' = K^(-1/4) q, k' = K^(-1/4) k, c_f = 1 / prod(counts!)
 *   S_f = c_f sum over earlier keys of f(k') [v, 1]     R_f = c_f sum over later queries of f(q') dn
 *   [n, z] += sum_f f(q') S_f    dq += sum_f f'(q') (S_f . dn)    dk += sum_f f'(k') (R_f . [v, 1])    dv += sum_f f(k') R_f
 *
 * A state is [m, V+1] for m features. taylor_sums makes one for each chunk of C positions, taylor_scan adds to each those of the
 * chunks before it (or after it), and the rest read them. All but the scan are products of matrices of which one factor is made
 * in registers, a monomial at a time: V+1 multiplications a feature, or 2V+2 for keys, beside 5 to 10 other instructions. States
 * have at most 64 numbers a position, so that memory is no limit: that is the rate of instructions. Of those, 40 % multiply with
 * V = 8 and 55 % with V = 16, which is also the share of the peak to expect at most. */

/* WIDEST: K at most; GROUP: features in shared memory at a time; PITCH: keeps numbers of a position in different banks */
enum { THREADS = 128, WIDEST = 32, GROUP = 64, PITCH = THREADS + 1, TILE = 64 };
enum Mode { OUTPUT, QUERIES, KEYS };

#define SIZES int heads, int sequences, int time, int K, int V, int terms, int features, int chunk, int slots, float scale

/* The state of chunk number slot, from position offset + slot*C on. A thread has two features, each of which is up to 7 numbers
 * of a vector, and E columns of the state. x: queries or keys; v: values, or dy with the factors 1/z of its rows; last: the
 * last column, 1 if there is none. */
template <int E>
__device__ __forceinline__ void sums(SIZES, int offset, Rows x, Rows v, const float *factors, const float *last, const unsigned char *monomials,
                                     float *states) {
	alignas(16) __shared__ float vector[TILE * (WIDEST + 1)], value[TILE * E], ones[TILE];
	int columns = (V + E - 1) / E, groups = (features + 2 * THREADS - 1) / (2 * THREADS);
	int column = BLOCK_X % columns * E, group = BLOCK_X / columns % groups, state = BLOCK_X / columns / groups, slot = state % slots, pair = state / slots;
	int h = pair % heads, feature = group * 2 * THREADS + 2 * THREAD_X, from = offset + slot * chunk, end = from + chunk < time ? from + chunk : time;
	i64 b = pair / heads;
	int at[2][7];
#pragma unroll
	for (int n = 0; n < 2; n++)
#pragma unroll
		for (int i = 0; i < 7; i++) at[n][i] = feature + n < features ? monomials[(feature + n) * 8 + i] : K;
	float sum[2][E], total[2] = {0.0f, 0.0f};
#pragma unroll
	for (int n = 0; n < 2; n++)
#pragma unroll
		for (int e = 0; e < E; e++) sum[n][e] = 0.0f;
#pragma unroll 1
	for (; from < end; from += TILE) {
		int n = end - from < TILE ? end - from : TILE;
		i64 first = b * time + from;
		__syncthreads();
		for (int i = THREAD_X; i < n * (K + 1); i += THREADS) {
			int r = i / (K + 1), d = i % (K + 1);
			vector[i] = d < K ? x.data[(first + r) * x.stride + h * x.step + d] * scale : 1.0f;
		}
		for (int i = THREAD_X; i < n * E; i += THREADS) {
			int r = i / E, d = column + i % E;
			float f = factors ? factors[(i64)pair * time + from + r] : 1.0f;
			value[i] = d < V && f != 0.0f ? v.data[(first + r) * v.stride + h * v.step + d] * f : 0.0f;
		}
		if (THREAD_X < n) ones[THREAD_X] = last ? last[(i64)pair * time + from + THREAD_X] : 1.0f;
		__syncthreads();
		if (feature >= features) continue; /* whole warps but one */
#pragma unroll 1
		for (int t = 0; t < n; t++) {
			const float *own = vector + t * (K + 1);
			float f[2], row[E];
#pragma unroll
			for (int k = 0; k < 2; k++) {
				f[k] = own[at[k][0]];
				if (terms > 2) f[k] *= own[at[k][1]];
				if (terms > 3) f[k] *= own[at[k][2]];
				if (terms > 4) {
#pragma unroll
					for (int i = 3; i < 7; i++) f[k] *= own[at[k][i]];
				}
			}
#pragma unroll
			for (int e = 0; e < E; e += 4) load4(row + e, value + t * E + e);
#pragma unroll
			for (int k = 0; k < 2; k++) {
				total[k] = fmaf(f[k], ones[t], total[k]);
#pragma unroll
				for (int e = 0; e < E; e++) sum[k][e] = fmaf(f[k], row[e], sum[k][e]);
			}
		}
	}
	float *to = states + (i64)state * features * (V + 1);
#pragma unroll
	for (int n = 0; n < 2; n++) {
		if (feature + n >= features) continue;
		float *row = to + (i64)(feature + n) * (V + 1);
#pragma unroll
		for (int e = 0; e < E; e++)
			if (column + e < V) row[column + e] = sum[n][e];
		if (column == 0) row[V] = total[n];
	}
}

/* Makes each state the sum of coefficient times it and those before it; with reverse, after it. A thread has one number of all
 * states of a head. */
extern "C" __global__ void __launch_bounds__(256) taylor_scan(i64 numbers, i64 size, int width, int slots, int reverse, const float *coefficients, float *states) {
	i64 i = (i64)BLOCK_X * 256 + THREAD_X;
	if (i >= numbers) return;
	float coefficient = coefficients[i % size / width], sum = 0.0f;
	float *state = states + i / size * slots * size + i % size;
	i64 step = size;
	if (reverse) {
		state += (slots - 1) * size;
		step = -size;
	}
#pragma unroll 4
	for (int c = 0; c < slots; c++, state += step) {
		sum = fmaf(coefficient, *state, sum);
		*state = sum;
	}
}

/* The product of the numbers of a vector that a run of monomials begins with; left[i] is the product of those before number i. */
__device__ __forceinline__ float begin(float left[6], int at[6], const int run[4], int depth, const float *own) {
	float product = 1.0f;
#pragma unroll
	for (int i = 0; i < 6; i++) {
		if (i >= depth) break;
		at[i] = (run[2 + i / 4] >> (8 * (i % 4)) & 255) * PITCH;
		left[i] = product;
		product *= own[at[i]];
	}
	return product;
}

/* Reads states. A thread has a position from offset on and before end, of which a block has 128 of one chunk. The state is that
 * of the chunk, or with one that of the last chunk for all. Features go by in runs: monomials that begin with the same numbers
 * and end with one of several neighbors. run: {number of features | the last one's first index << 8, first feature of the tile,
 * and 6 bytes of indices}; index K is a 1. tiles: where the runs of each 64 features begin. */
template <int E, Mode MODE>
__device__ __forceinline__ void read(SIZES, int offset, int end, int one, Rows x, Rows v, const float *factors, const float *last, const int *tiles, const int *runs,
                                     const float *states, RESULT(out), RESULT(dx)) {
	alignas(16) __shared__ float state[GROUP * E], ones[GROUP], own[(WIDEST + 1) * PITCH], slopes[MODE == OUTPUT ? 1 : (WIDEST + 1) * PITCH];
	__shared__ int run[GROUP * 4];
	int pairs = heads * sequences, pair = BLOCK_X % pairs, h = pair % heads, from = offset + BLOCK_X / pairs * THREADS;
	int n = end - from < THREADS ? end - from : THREADS, depth = terms > 2 ? terms - 2 : 0;
	i64 b = pair / heads, first = b * time + from;
	bool in = THREAD_X < n;
	const float *source = states + ((i64)pair * slots + (one ? slots - 1 : (from - offset) / chunk)) * features * (V + 1);
	for (int i = THREAD_X; i < n * K; i += THREADS) {
		int r = i / K, d = i % K;
		own[d * PITCH + r] = x.data[(first + r) * x.stride + h * x.step + d] * scale;
	}
	if (!in)
		for (int d = 0; d < K; d++) own[d * PITCH + THREAD_X] = 0.0f;
	own[K * PITCH + THREAD_X] = 1.0f;
	if (MODE != OUTPUT)
		for (int d = 0; d <= K; d++) slopes[d * PITCH + THREAD_X] = 0.0f;
	float factor = MODE == QUERIES && in ? factors[(i64)pair * time + from + THREAD_X] : 1.0f;
	float lastColumn = MODE == QUERIES ? (in ? last[(i64)pair * time + from + THREAD_X] : 0.0f) : 1.0f;
#pragma unroll 1
	for (int column = 0; column < V; column += E) {
		float given[E], sum[E], total = 0.0f;
		const float *row = v.data + (first + (in ? THREAD_X : 0)) * v.stride + h * v.step;
#pragma unroll
		for (int e = 0; e < E; e++) {
			sum[e] = 0.0f;
			if (MODE == OUTPUT) continue;
			int d = column + e < V ? column + e : 0;
			given[e] = in && column + e < V && factor != 0.0f ? row[d] * factor : 0.0f;
		}
#pragma unroll 1
		for (int tile = 0; tile * GROUP < features; tile++) {
			int begins = tiles[tile], count = tiles[tile + 1] - begins;
			__syncthreads();
			for (int i = THREAD_X; i < 4 * count; i += THREADS) run[i] = runs[4 * begins + i];
			for (int i = THREAD_X; i < GROUP * E; i += THREADS) {
				int f = tile * GROUP + i / E, d = column + i % E;
				state[i] = f < features && d < V ? source[(i64)f * (V + 1) + d] : 0.0f;
			}
			if (THREAD_X < GROUP) {
				int f = tile * GROUP + THREAD_X;
				ones[THREAD_X] = f < features && column == 0 ? source[(i64)f * (V + 1) + V] : 0.0f;
			}
			__syncthreads();
#pragma unroll 1
			for (int r = 0; r < count; r++) {
				int at[6];
				float left[6], product = begin(left, at, run + 4 * r, depth, own + THREAD_X), slope = 0.0f;
				int length = run[4 * r] & 255, index = (run[4 * r] >> 8) * PITCH + THREAD_X, f = run[4 * r + 1];
#pragma unroll 1
				for (int i = 0; i < length; i++, f++, index += PITCH) {
					float number = own[index], s[E];
#pragma unroll
					for (int e = 0; e < E; e += 4) load4(s + e, state + f * E + e);
					if (MODE != QUERIES) {
						float monomial = product * number;
						if (MODE == OUTPUT) total = fmaf(monomial, ones[f], total);
#pragma unroll
						for (int e = 0; e < E; e++) sum[e] = fmaf(monomial, s[e], sum[e]);
					}
					if (MODE != OUTPUT) {
						float g = ones[f] * lastColumn;
#pragma unroll
						for (int e = 0; e < E; e++) g = fmaf(s[e], given[e], g);
						slopes[index] = fmaf(g, product, slopes[index]);
						slope = fmaf(g, number, slope);
					}
				}
				if (MODE == OUTPUT) continue;
#pragma unroll
				for (int i = 5; i >= 0; i--) {
					if (i >= depth) continue;
					slopes[at[i] + THREAD_X] = fmaf(slope, left[i], slopes[at[i] + THREAD_X]);
					slope *= own[at[i] + THREAD_X];
				}
			}
		}
		if (MODE == QUERIES || !in) continue;
		float *to = MODE == OUTPUT ? out + ((i64)pair * time + from + THREAD_X) * (V + 1) : out + (first + THREAD_X) * outStride + h * outStep;
#pragma unroll
		for (int e = 0; e < E; e++)
			if (column + e < V) to[column + e] = MODE == KEYS ? to[column + e] + sum[e] : sum[e];
		if (MODE == OUTPUT && column == 0) to[V] = total;
	}
	if (MODE == OUTPUT) return;
	__syncthreads();
	for (int i = THREAD_X; i < n * K; i += THREADS) {
		int r = i / K, d = i % K;
		float *to = dx + (first + r) * dxStride + h * dxStep + d;
		*to = fmaf(slopes[d * PITCH + r], scale, *to);
	}
}

#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS)
#define GIVEN heads, sequences, time, K, V, terms, features, chunk, slots, scale
#define READ SIZES, int offset, int end, int one, OPERAND(x), const int *tiles, const int *runs, const float *states

/* out of taylor_read is [B,H,T,V+1]; taylor_read_queries adds to dx, taylor_read_keys to dx and dv. */
#define FEATURES(E)                                                                                                                              \
	KERNEL taylor_sums_##E(SIZES, int offset, OPERAND(x), OPERAND(v), const float *factors, const float *last, const unsigned char *monomials, \
	                       float *states) {                                                                                                      \
		sums<E>(GIVEN, offset, ROWS_OF(x), ROWS_OF(v), factors, last, monomials, states);                                                       \
	}                                                                                                                                            \
	KERNEL taylor_read_##E(READ, float *out) {                                                                                                   \
		read<E, OUTPUT>(GIVEN, offset, end, one, ROWS_OF(x), Rows{x, 0, 0}, 0, 0, tiles, runs, states, out, 0, 0, 0, 0, 0); \
	}                                                                                                                                            \
	KERNEL taylor_read_queries_##E(READ, OPERAND(dy), const float *factors, const float *last, RESULT(dx)) {                                     \
		read<E, QUERIES>(GIVEN, offset, end, one, ROWS_OF(x), ROWS_OF(dy), factors, last, tiles, runs, states, 0, 0, 0, dx, dxStride, dxStep);  \
	}                                                                                                                                            \
	KERNEL taylor_read_keys_##E(READ, OPERAND(v), RESULT(dx), RESULT(dv)) {                                                                      \
		read<E, KEYS>(GIVEN, offset, end, one, ROWS_OF(x), ROWS_OF(v), 0, 0, tiles, runs, states, dv, dvStride, dvStep, dx, dxStride, dxStep);  \
	}
FEATURES(8)
FEATURES(16)
