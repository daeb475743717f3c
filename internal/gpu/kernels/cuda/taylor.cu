#include "attention.h"

/* Taylor attention by scores: weights are P terms of the series of exp (arXiv 2602.00294). They are never stored.
 *
 *   s_tj = q_t . k_j / sqrt(K)   w_tj = sum over p < P of s_tj^p / p!   z_t = sum_j w_tj   y_t = sum_j w_tj v_j / z_t
 *   dn_t = [dy_t, -dy_t . y_t] / z_t   ds_tj = w'(s_tj) dn_t . [v_j, 1]   dv_j = sum_t w_tj dn_t
 *   dq_t = sum_j ds_tj k_j / sqrt(K)   dk_j = sum_t ds_tj q_t / sqrt(K)
 *
 * Heads are narrow. A row, which is a query or a key, lies across 1, 2, 4, ... lanes of a warp, E numbers in the registers of
 * each, and a lane has two rows. A block of 128 threads goes through the other side in tiles in shared memory, which all its
 * rows read at the same time: a broadcast of 16 bytes for 8 multiplications. The limit is the rate of multiplications, of
 * which a pair of rows has K+V+P in the forward and 5K+4V+3P in the backward pass; it should come to about 60 % of the peak.
 *
 * With a span, keys are those of the query's own span, and taylor_features.cu adds what comes before. */

enum { THREADS = 128, OWN = 2, TILE = 128, FLOATS = 4096 };

/* The coefficients of a polynomial of so many terms. Those above the fourth are used where there are any. */
struct Series {
	float c[8];
	bool high;
};

__device__ __forceinline__ Series seriesOf(int terms) {
	Series s;
	float c = 1.0f;
#pragma unroll
	for (int p = 0; p < 8; p++) {
		s.c[p] = p < terms ? c : 0.0f;
		c /= (float)(p + 1);
	}
	s.high = terms > 4;
	return s;
}

__device__ __forceinline__ float polynomial(const Series &series, float s) {
	float w = series.c[3];
	if (series.high) {
		w = series.c[7];
#pragma unroll
		for (int p = 6; p >= 3; p--) w = fmaf(w, s, series.c[p]);
	}
#pragma unroll
	for (int p = 2; p >= 0; p--) w = fmaf(w, s, series.c[p]);
	return w;
}

/* Where a thread is: the first of its rows, the distance to the second, and its first number of a row. */
struct Place {
	i64 b, row; /* the sequence; and place 0 of its head in arrays [B, H, T] of one number a position */
	int h, first, apart, part, shift;
};

template <int E>
__device__ __forceinline__ Place placeOf(int tile, int pair, int heads, int time, int shift) {
	Place p;
	p.b = pair / heads, p.h = pair % heads, p.row = (i64)pair * time, p.shift = shift;
	p.apart = THREADS >> shift;
	p.first = tile * (OWN * p.apart) + (THREAD_X >> shift);
	p.part = (THREAD_X & ((1 << shift) - 1)) * E;
	return p;
}

/* Copies n > 0 rows from position from on to a tile of count rows of 2^shift numbers, times scale or, with FACTORS, the factor of
 * the row: if that is 0 the row is 0 whatever it has. The tile is 0 elsewhere; it has a multiple of 4 * THREADS numbers. */
template <bool FACTORS>
__device__ __forceinline__ void fetch(float *tile, const Place &p, Rows of, int time, int from, int n, int count, int width, int shift, float scale,
                                      const float *factors) {
	const float *data = of.data + (p.b * time + from) * of.stride + p.h * of.step;
#pragma unroll 1
	for (int i = THREAD_X; i < count << shift; i += 4 * THREADS) {
#pragma unroll
		for (int u = 0; u < 4; u++) {
			int r = (i + u * THREADS) >> shift, d = (i + u * THREADS) & ((1 << shift) - 1);
			bool in = r < n && d < width;
			r = r < n ? r : n - 1; /* without a branch, four reads are under way at a time */
			float x = data[r * of.stride + (d < width ? d : 0)], f = FACTORS ? factors[p.row + from + r] : scale;
			tile[i + u * THREADS] = in && (!FACTORS || f != 0.0f) ? x * f : 0.0f;
		}
	}
}

/* 16 bytes at a time */
template <int E>
__device__ __forceinline__ void load(float x[E], const float *row) {
#pragma unroll
	for (int e = 0; e < E; e += 4) load4(x + e, row + e);
}

/* Loads the rows of a thread, times scale, through a tile, of which a block's rows are FLOATS at most. */
template <int E>
__device__ __forceinline__ void loadOwn(float x[OWN][E], float *tile, const Place &p, Rows of, int time, int width, int wide, float scale) {
	int rows = OWN * p.apart, first = p.first - (THREAD_X >> p.shift), n = time - first < rows ? time - first : rows;
	__syncthreads();
	fetch<false>(tile, p, of, time, first, n, rows, width, wide, scale, 0);
	__syncthreads();
#pragma unroll
	for (int r = 0; r < OWN; r++) load<E>(x[r], tile + ((p.first - first + r * p.apart) << wide) + p.part);
}

/* Stores them times scale. */
template <int E>
__device__ __forceinline__ void storeOwn(const float x[OWN][E], float *tile, const Place &p, float *to, i64 stride, i64 step, int time, int width,
                                         int wide, const float scale[OWN]) {
	int rows = OWN * p.apart, first = p.first - (THREAD_X >> p.shift), n = time - first < rows ? time - first : rows;
	__syncthreads();
#pragma unroll
	for (int r = 0; r < OWN; r++)
#pragma unroll
		for (int e = 0; e < E; e++) tile[((p.first - first + r * p.apart) << wide) + p.part + e] = x[r][e] * scale[r];
	__syncthreads();
	to += (p.b * time + first) * stride + p.h * step;
#pragma unroll 1
	for (int i = THREAD_X; i < n << wide; i += THREADS) {
		int r = i >> wide, d = i & ((1 << wide) - 1);
		if (d < width) to[r * stride + d] = tile[i];
	}
}

/* The sum over the lanes of a row. */
__device__ __forceinline__ float total(float v, int shift) {
	for (int lane = 1; lane < 1 << shift; lane *= 2) v += __shfl_xor_sync(~0u, v, lane);
	return v;
}

/* s[r] = a row times own row r. */
template <int E>
__device__ __forceinline__ void dots(float s[OWN], const float x[OWN][E], const float row[E], int shift) {
#pragma unroll
	for (int r = 0; r < OWN; r++) {
		s[r] = 0.0f;
#pragma unroll
		for (int e = 0; e < E; e++) s[r] = fmaf(x[r][e], row[e], s[r]);
		s[r] = total(s[r], shift);
	}
}

template <int E>
__device__ __forceinline__ void clear(float x[OWN][E]) {
#pragma unroll
	for (int r = 0; r < OWN; r++)
#pragma unroll
		for (int e = 0; e < E; e++) x[r][e] = 0.0f;
}

template <int E>
__device__ __forceinline__ void add(float sum[E], float w, const float row[E]) {
#pragma unroll
	for (int e = 0; e < E; e++) sum[e] = fmaf(w, row[e], sum[e]);
}

/* heads, sequences, lengths, widths; span: keys that are scored together, 0 for none; shift: 2^shift lanes have a row;
 * scale: K^(-1/4), of queries and of keys */
#define SIZES int heads, int sequences, int queries, int keys, int K, int V, int causal, int terms, int span, int shift, float scale

/* LOG is the logarithm of E. A block that has all its keys before it comes first. sums [B,H,T,V+1], if there are, are those of
 * values and weights of the keys before the span. */
template <int E, int LOG>
__device__ __forceinline__ void forward(SIZES, Rows q, Rows k, Rows v, float *y, float *inverse, const float *sums) {
	alignas(16) __shared__ float keyTile[FLOATS], valueTile[FLOATS];
	int pairs = heads * sequences, rows = OWN * (THREADS >> shift), tiles = (queries + rows - 1) / rows, wide = shift + LOG;
	int first = (tiles - 1 - BLOCK_X / pairs) * rows, step = FLOATS >> wide < TILE ? FLOATS >> wide : TILE;
	Place p = placeOf<E>(first / rows, BLOCK_X % pairs, heads, queries, shift);
	Series series = seriesOf(terms);
	float x[OWN][E], sum[OWN][E], z[OWN];
	loadOwn<E>(x, keyTile, p, q, queries, K, wide, scale);
	clear<E>(sum);
#pragma unroll
	for (int r = 0; r < OWN; r++) {
		int t = p.first + r * p.apart;
		z[r] = 0.0f;
		if (!sums || first < span || t >= queries) continue;
		const float *before = sums + (p.row + t) * (V + 1);
		z[r] = before[V];
#pragma unroll
		for (int e = 0; e < E; e++)
			if (p.part + e < V) sum[r][e] = before[p.part + e];
	}
	int begin = causal && span > 0 ? first / span * span : 0, end = causal && first + rows < keys ? first + rows : keys;
	if (span == 0) end = 0;
#pragma unroll 1
	for (int from = begin; from < end; from += step) {
		int n = end - from < step ? end - from : step;
		__syncthreads();
		fetch<false>(keyTile, p, k, keys, from, n, step, K, wide, scale, 0);
		fetch<false>(valueTile, p, v, keys, from, n, step, V, wide, 1.0f, 0);
		__syncthreads();
#pragma unroll 1
		for (int j = 0; j < n; j++) {
			float s[OWN], row[E];
			load<E>(row, keyTile + (j << wide) + p.part);
			dots<E>(s, x, row, shift);
			load<E>(row, valueTile + (j << wide) + p.part);
#pragma unroll
			for (int r = 0; r < OWN; r++) {
				if (causal && from + j > p.first + r * p.apart) continue; /* 0 times a NaN would be one */
				float w = polynomial(series, s[r]);
				z[r] += w;
				add<E>(sum[r], w, row);
			}
		}
	}
#pragma unroll
	for (int r = 0; r < OWN; r++) {
		int t = p.first + r * p.apart;
		float limit = (float)(causal ? t + 1 : keys) * 0x1p-19f; /* 16 times the rounding of that many weights */
		z[r] = z[r] <= limit && z[r] >= -limit ? 0.0f : 1.0f / z[r];
		if (p.part == 0 && t < queries) inverse[p.row + t] = z[r];
	}
	storeOwn<E>(sum, keyTile, p, y, (i64)heads * V, V, queries, V, wide, z);
}

/* Makes dq, and dot [B,H,T] = -dy . y / z for the keys. */
template <int E, int LOG>
__device__ __forceinline__ void backwardQueries(SIZES, Rows q, Rows k, Rows v, Rows y, Rows dy, const float *inverse, float *dot, RESULT(dq)) {
	alignas(16) __shared__ float keyTile[FLOATS], valueTile[FLOATS];
	int pairs = heads * sequences, rows = OWN * (THREADS >> shift), tiles = (queries + rows - 1) / rows, wide = shift + LOG;
	int first = (tiles - 1 - BLOCK_X / pairs) * rows, step = FLOATS >> wide < TILE ? FLOATS >> wide : TILE;
	Place p = placeOf<E>(first / rows, BLOCK_X % pairs, heads, queries, shift);
	Series slope = seriesOf(terms - 1);
	float x[OWN][E], g[OWN][E], sum[OWN][E], own[OWN];
	loadOwn<E>(g, keyTile, p, dy, queries, V, wide, 1.0f);
	loadOwn<E>(x, keyTile, p, y, queries, V, wide, 1.0f);
#pragma unroll
	for (int r = 0; r < OWN; r++) {
		int t = p.first + r * p.apart;
		float f = t < queries ? inverse[p.row + t] : 0.0f;
		own[r] = 0.0f;
#pragma unroll
		for (int e = 0; e < E; e++) {
			own[r] = fmaf(g[r][e], x[r][e], own[r]);
			g[r][e] = f != 0.0f ? g[r][e] * f : 0.0f;
		}
		own[r] = total(own[r], shift);
		own[r] = f != 0.0f ? -f * own[r] : 0.0f;
		if (p.part == 0 && t < queries) dot[p.row + t] = own[r];
	}
	loadOwn<E>(x, keyTile, p, q, queries, K, wide, scale);
	clear<E>(sum);
	int begin = causal && span > 0 ? first / span * span : 0, end = causal && first + rows < keys ? first + rows : keys;
	if (span == 0) end = 0;
#pragma unroll 1
	for (int from = begin; from < end; from += step) {
		int n = end - from < step ? end - from : step;
		__syncthreads();
		fetch<false>(keyTile, p, k, keys, from, n, step, K, wide, scale, 0);
		fetch<false>(valueTile, p, v, keys, from, n, step, V, wide, 1.0f, 0);
		__syncthreads();
#pragma unroll 1
		for (int j = 0; j < n; j++) {
			float s[OWN], d[OWN], row[E];
			load<E>(row, valueTile + (j << wide) + p.part);
			dots<E>(d, g, row, shift);
			load<E>(row, keyTile + (j << wide) + p.part);
			dots<E>(s, x, row, shift);
#pragma unroll
			for (int r = 0; r < OWN; r++)
				if (!causal || from + j <= p.first + r * p.apart) add<E>(sum[r], polynomial(slope, s[r]) * (d[r] + own[r]), row);
		}
	}
	const float scales[OWN] = {scale, scale};
	storeOwn<E>(sum, keyTile, p, dq, dqStride, dqStep, queries, K, wide, scales);
}

/* Makes dk and dv, after backwardQueries. */
template <int E, int LOG>
__device__ __forceinline__ void backwardKeys(SIZES, Rows q, Rows k, Rows v, Rows dy, const float *inverse, const float *dot,
                                             RESULT(dk), RESULT(dv)) {
	alignas(16) __shared__ float queryTile[FLOATS], gradTile[FLOATS], dotTile[TILE];
	int pairs = heads * sequences, rows = OWN * (THREADS >> shift), wide = shift + LOG;
	int first = BLOCK_X / pairs * rows, step = FLOATS >> wide < TILE ? FLOATS >> wide : TILE;
	Place p = placeOf<E>(first / rows, BLOCK_X % pairs, heads, keys, shift), others = p;
	others.row = (i64)(BLOCK_X % pairs) * queries;
	Series series = seriesOf(terms), slope = seriesOf(terms - 1);
	float x[OWN][E], value[OWN][E], dx[OWN][E], dvalue[OWN][E];
	loadOwn<E>(x, queryTile, p, k, keys, K, wide, scale);
	loadOwn<E>(value, queryTile, p, v, keys, V, wide, 1.0f);
	clear<E>(dx);
	clear<E>(dvalue);
	int end = queries;
	if (causal && span > 0 && first / span * (i64)span + span < end) end = first / span * span + span;
	if (span == 0) end = 0;
#pragma unroll 1
	for (int from = causal ? first : 0; from < end; from += step) {
		int n = end - from < step ? end - from : step;
		__syncthreads();
		fetch<false>(queryTile, others, q, queries, from, n, step, K, wide, scale, 0);
		fetch<true>(gradTile, others, dy, queries, from, n, step, V, wide, 0.0f, inverse);
		if (THREAD_X < n) dotTile[THREAD_X] = dot[others.row + from + THREAD_X];
		__syncthreads();
#pragma unroll 1
		for (int i = 0; i < n; i++) {
			float s[OWN], d[OWN], query[E], grad[E], last = dotTile[i];
			load<E>(query, queryTile + (i << wide) + p.part);
			dots<E>(s, x, query, shift);
			load<E>(grad, gradTile + (i << wide) + p.part);
			dots<E>(d, value, grad, shift);
#pragma unroll
			for (int r = 0; r < OWN; r++) {
				if (causal && p.first + r * p.apart > from + i) continue;
				add<E>(dx[r], polynomial(slope, s[r]) * (d[r] + last), query);
				add<E>(dvalue[r], polynomial(series, s[r]), grad);
			}
		}
	}
	const float scales[OWN] = {scale, scale}, ones[OWN] = {1.0f, 1.0f};
	storeOwn<E>(dx, queryTile, p, dk, dkStride, dkStep, keys, K, wide, scales);
	storeOwn<E>(dvalue, queryTile, p, dv, dvStride, dvStep, keys, V, wide, ones);
}

#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS)
#define GIVEN heads, sequences, queries, keys, K, V, causal, terms, span, shift, scale

#define TAYLOR(E, LOG)                                                                                                                        \
	KERNEL taylor_forward_##E(SIZES, OPERAND(q), OPERAND(k), OPERAND(v), float *y, float *inverse, const float *sums) {                      \
		forward<E, LOG>(GIVEN, ROWS_OF(q), ROWS_OF(k), ROWS_OF(v), y, inverse, sums);                                                        \
	}                                                                                                                                         \
	KERNEL taylor_backward_queries_##E(SIZES, OPERAND(q), OPERAND(k), OPERAND(v), OPERAND(y), OPERAND(dy), const float *inverse, float *dot, \
	                                   RESULT(dq)) {                                                                                          \
		backwardQueries<E, LOG>(GIVEN, ROWS_OF(q), ROWS_OF(k), ROWS_OF(v), ROWS_OF(y), ROWS_OF(dy), inverse, dot, dq, dqStride, dqStep);     \
	}                                                                                                                                         \
	KERNEL taylor_backward_keys_##E(SIZES, OPERAND(q), OPERAND(k), OPERAND(v), OPERAND(dy), const float *inverse, const float *dot,          \
	                                RESULT(dk), RESULT(dv)) {                                                                                 \
		backwardKeys<E, LOG>(GIVEN, ROWS_OF(q), ROWS_OF(k), ROWS_OF(v), ROWS_OF(dy), inverse, dot, dk, dkStride, dkStep, dv, dvStride,       \
		                     dvStep);                                                                                                         \
	}
TAYLOR(8, 3)
TAYLOR(16, 4)
