#include "math.h"

/* x_t = sigmoid(c_t) x_{t-1} + exp(l_t) with x_0 = 1 among logarithms, e_t = ln x_t:
 *
 *   input [B,T,2D], c_t in the first half of each row and l_t in the second   e, y [B,T,D]   y = e + residual
 *   e_t = ln(exp(u_t) + exp(l_t)) with u_t = ln sigmoid(c_t) + e_{t-1}        p_t = sigmoid(u_t - l_t), the share of the past
 *   g_t = dy_t + p_{t+1} g_{t+1}      dl_t = (1 - p_t) g_t      dc_t = p_t g_t sigmoid(-c_t)
 *
 * A thread takes a channel through a chunk of 32 positions, first alone (gated_chunks) and, once a scan over chunks
 * (gated_starts) has told where it starts, for good. So the latency of a step, some 400 cycles, counts 64 times and once for
 * each chunk. Beyond some 10^5 channels times chunks the limit is memory, which passes twice. */

typedef long long i64;

enum { CHUNK = 32 };

#define KERNEL extern "C" __global__ void __launch_bounds__(256)
#define NOTHING (-__builtin_inff())

/* ln(exp(a) + exp(b)) */
__device__ __forceinline__ float logAdd(float a, float b) {
	float d = a - b, most = d < 0.0f ? b : a;
	return a == NOTHING ? b : most + logarithm1p(exponential(-fabsf(d)));
}

/* The place of a thread: channel d of chunk number chunk of all sequences, its steps [from, to) of [B*T], and its number. */
#define PLACE                                                                                                \
	i64 number = (i64)BLOCK_X * 256 + THREAD_X, chunk = number / D;                                       \
	int chunks = (T + CHUNK - 1) / CHUNK, d = (int)(number % D), lo = (int)(chunk % chunks) * CHUNK;      \
	if (chunk >= (i64)B * chunks) return;                                                                \
	i64 from = chunk / chunks * T + lo, to = from + (T - lo < CHUNK ? T - lo : CHUNK)

/* The decay of each chunk, and its e from nothing. */
KERNEL gated_chunks(int B, int T, int D, const float *x, float *decays, float *ends) {
	PLACE;
	float decay = 0.0f, e = NOTHING;
#pragma unroll 1
	for (i64 t = from; t < to; t++) {
		float s = logSigmoid(x[t * 2 * D + d]);
		decay += s;
		e = logAdd(s + e, x[t * 2 * D + D + d]);
	}
	decays[number] = decay;
	ends[number] = e;
}

/* ends becomes e before each chunk. */
KERNEL gated_starts(int B, int D, int chunks, const float *decays, float *ends) {
	int i = BLOCK_X * 256 + THREAD_X;
	if (i >= B * D) return;
	i64 at = (i64)(i / D) * chunks * D + i % D;
	float e = 0.0f;
#pragma unroll 4
	for (int k = 0; k < chunks; k++, at += D) {
		float next = logAdd(decays[at] + e, ends[at]);
		ends[at] = e;
		e = next;
	}
}

/* residual may be 0 */
KERNEL gated_forward(int B, int T, int D, const float *x, const float *starts, const float *residual, float *e, float *y) {
	PLACE;
	float last = starts[number];
#pragma unroll 1
	for (i64 t = from; t < to; t++) {
		last = logAdd(logSigmoid(x[t * 2 * D + d]) + last, x[t * 2 * D + D + d]);
		e[t * D + d] = last;
		y[t * D + d] = residual ? last + residual[t * D + d] : last;
	}
}

/* p of step t, whose sequence begins at step start */
__device__ __forceinline__ float past(i64 t, i64 start, int D, int d, const float *x, const float *e) {
	return sigmoid(logSigmoid(x[t * 2 * D + d]) + (t > start ? e[(t - 1) * D + d] : 0.0f) - x[t * 2 * D + D + d]);
}

/* What leaves each chunk to the one before it, p_t g_t of its first step, from nothing, and the factor of what comes in. */
KERNEL gated_chunks_back(int B, int T, int D, const float *x, const float *e, const float *dy, float *factors, float *flows) {
	PLACE;
	float factor = 1.0f, flow = 0.0f;
#pragma unroll 1
	for (i64 t = to - 1; t >= from; t--) {
		float p = past(t, from - lo, D, d, x, e);
		factor *= p;
		flow = p * (dy[t * D + d] + flow);
	}
	factors[number] = factor;
	flows[number] = flow;
}

/* flows becomes what comes into each chunk. */
KERNEL gated_starts_back(int B, int D, int chunks, const float *factors, float *flows) {
	int i = BLOCK_X * 256 + THREAD_X;
	if (i >= B * D) return;
	i64 at = ((i64)(i / D) * chunks + chunks - 1) * D + i % D;
	float flow = 0.0f;
#pragma unroll 4
	for (int k = 0; k < chunks; k++, at -= D) {
		float next = fmaf(factors[at], flow, flows[at]);
		flows[at] = flow;
		flow = next;
	}
}

KERNEL gated_backward(int B, int T, int D, const float *x, const float *e, const float *flows, const float *dy, float *dx) {
	PLACE;
	float flow = flows[number];
#pragma unroll 1
	for (i64 t = to - 1; t >= from; t--) {
		float g = dy[t * D + d] + flow;
		flow = past(t, from - lo, D, d, x, e) * g;
		dx[t * 2 * D + D + d] = g - flow;
		dx[t * 2 * D + d] = flow * sigmoid(-x[t * 2 * D + d]);
	}
}
