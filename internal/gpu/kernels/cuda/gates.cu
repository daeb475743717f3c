#include "math.h"
#include "rows.h"
#include "sums.h"

/* Gates and decays. A number costs about 30 to 60 instructions and 8 or 12 bytes: memory is the limit. */

/* y = factor sigmoid(x) */
KERNEL sigmoid_gate(long long n, float factor, const float *x, float *y) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(x, y);
	float v[4];
	read4(v, x + i, n - i, whole);
	FOUR(l) v[l] = factor * sigmoid(v[l]);
	write4(y + i, v, n - i, whole);
}

/* dx = dy factor s (1-s) */
KERNEL sigmoid_gate_backward(long long n, float factor, const float *x, const float *dy, float *dx) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(x, dy, dx);
	float v[4], d[4];
	read4(v, x + i, n - i, whole);
	read4(d, dy + i, n - i, whole);
	FOUR(l) {
		float s = sigmoid(v[l]);
		d[l] = d[l] * factor * s * (1.0f - s);
	}
	write4(dx + i, d, n - i, whole);
}

/* y = factor ln sigmoid(x) */
KERNEL log_sigmoid(long long n, float factor, const float *x, float *y) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(x, y);
	float v[4];
	read4(v, x + i, n - i, whole);
	FOUR(l) v[l] = factor * logSigmoid(v[l]);
	write4(y + i, v, n - i, whole);
}

/* dx = dy factor sigmoid(-x) */
KERNEL log_sigmoid_backward(long long n, float factor, const float *x, const float *dy, float *dx) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(x, dy, dx);
	float v[4], d[4];
	read4(v, x + i, n - i, whole);
	read4(d, dy + i, n - i, whole);
	FOUR(l) d[l] = factor * (d[l] * sigmoid(-v[l]));
	write4(dx + i, d, n - i, whole);
}

/* y = -exp(aLog) ln(1 + exp(x + bias)) in rows [rows, width], whose width is the number of heads: small. Keeps rate = exp(aLog). */
KERNEL softplus_decay(int rows, int width, int shift, const float *x, const float *aLog, const float *bias, float *y, float *rate) {
	EACH_ROW(r);
	if (r >= rows) return;
	EACH_COLUMN(j, width) {
		float a = exponential(aLog[j]);
		y[r * width + j] = a * logSigmoid(-(x[r * width + j] + bias[j]));
		if (r == 0) rate[j] = a;
	}
}

/* dx = -rate sigmoid(x + bias) dy. A block takes perBlock rows, and writes the sums over them of dy y for daLog and of dx for
 * dbias to partial [blocks, 2, width], which column_sums adds up. 2^shift lanes take a row. */
KERNEL softplus_decay_backward(int rows, int width, int shift, int perBlock, const float *x, const float *bias, const float *rate,
                               const float *y, const float *dy, float *dx, float *partial) {
	int lanes = 1 << shift, t = THREAD_X;
	int from = BLOCK_X * perBlock, to = from + perBlock < rows ? from + perBlock : rows;
	partial += (long long)BLOCK_X * 2 * width;
	for (int first = 0; first < width; first += lanes) { /* as often for all threads, which meet in it */
		int j = first + (t & (lanes - 1));
		float a = 0.0f, b = 0.0f;
		if (j < width) {
			float scale = -rate[j], offset = bias[j];
			for (int r = from + (t >> shift); r < to; r += 256 >> shift) {
				long long at = (long long)r * width + j;
				float d = dy[at], g = scale * d * sigmoid(x[at] + offset);
				dx[at] = g;
				a += d * y[at];
				b += g;
			}
		}
		a = laneSum(a, lanes);
		b = laneSum(b, lanes);
		if (t < lanes && j < width) {
			partial[j] = a;
			partial[width + j] = b;
		}
	}
}
