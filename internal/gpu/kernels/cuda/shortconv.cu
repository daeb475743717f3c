#include "math.h"

/* The short convolution of linear-attention layers, depthwise and causal, in place of whose inputs before the first are zeros:
 *
 *   x, y [B,T,C]   w [C,W]   bias [C] or 0   a_t = bias + sum over i < W of w_i x_{t-W+1+i}   y = a, or SiLU(a)
 *   l = dy SiLU'(a)   dx_t = sum over i of w_i l_{t+W-1-i}   dw_i = sum over t of l_t x_{t-W+1+i}   dbias = sum over t of l_t
 *
 * Memory is the limit: a thread has a number, and the W that it reads are those of its neighbors in time, mostly in the first
 * cache. */

typedef long long i64;

#define KERNEL extern "C" __global__ void __launch_bounds__(256)

/* The place of a thread: number at of n, of channel c, at position t of its sequence. */
#define PLACE                                          \
	i64 at = (i64)BLOCK_X * 256 + THREAD_X;        \
	if (at >= n) return;                           \
	int c = (int)(at % C), t = (int)(at / C % T)

__device__ __forceinline__ float argument(i64 at, int t, int c, int C, int W, const float *x, const float *w, const float *bias) {
	float a = bias ? bias[c] : 0.0f;
	int first = W - 1 - t > 0 ? W - 1 - t : 0;
	for (int i = first; i < W; i++) a = fmaf(w[(i64)c * W + i], x[at + (i64)(i - W + 1) * C], a);
	return a;
}

KERNEL short_conv(i64 n, int T, int C, int W, int silu, const float *x, const float *w, const float *bias, float *y) {
	PLACE;
	float a = argument(at, t, c, C, W, x, w, bias);
	y[at] = silu ? gated(a, sigmoid(a)) : a;
}

/* l of SiLU */
KERNEL short_conv_adjoint(i64 n, int T, int C, int W, const float *x, const float *w, const float *bias, const float *dy, float *l) {
	PLACE;
	float a = argument(at, t, c, C, W, x, w, bias);
	l[at] = dy[at] * siluSlope(a, sigmoid(a));
}

KERNEL short_conv_inputs(i64 n, int T, int C, int W, const float *w, const float *l, float *dx) {
	PLACE;
	float sum = 0.0f;
	int last = T - 1 - t < W - 1 ? T - 1 - t : W - 1; /* positions behind */
	for (int i = 0; i <= last; i++) sum = fmaf(w[(i64)c * W + W - 1 - i], l[at + (i64)i * C], sum);
	dx[at] = sum;
}

/* Parts of dw [blocks,C,W] and of dbias [blocks,C], unless that is 0, over perBlock of the B*T positions. A thread has a channel
 * and 4 of the W numbers of its kernel. */
KERNEL short_conv_weights(int rows, int T, int C, int W, int perBlock, const float *x, const float *l, float *dw, float *dbias) {
	int groups = (W + 3) / 4, number = BLOCK_Y * 256 + THREAD_X, c = number % C, tap = number / C * 4;
	if (number >= groups * C) return;
	float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f}, total = 0.0f;
	int from = BLOCK_X * perBlock, to = from + perBlock < rows ? from + perBlock : rows;
#pragma unroll 1
	for (int row = from; row < to; row++) {
		float v = l[(i64)row * C + c];
		total += v;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			int back = W - 1 - tap - i;
			if (back >= 0 && back <= row % T) sums[i] = fmaf(v, x[((i64)row - back) * C + c], sums[i]);
		}
	}
#pragma unroll
	for (int i = 0; i < 4; i++)
		if (tap + i < W) dw[((i64)BLOCK_X * C + c) * W + tap + i] = sums[i];
	if (dbias && tap == 0) dbias[(i64)BLOCK_X * C + c] = total;
}
