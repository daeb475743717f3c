#include "math.h"
#include "norms.h"

/* y = x * rstd * weight, rstd = 1/sqrt(scale * sum of x^2 + eps), times gate * sigmoid(gate) unless gate is 0 */
KERNEL rmsnorm(int rows, int width, int shift, float scale, float eps, const float *x, const float *gate, const float *weight, float *y,
               float *rstd) {
	EACH_ROW(row);
	bool live = row < rows, whole = width % 4 == 0 && aligned(x, gate, weight, y);
	if (!live) row = 0;
	long long at = row * width;
	float square = 0.0f;
	if (live) EACH_FOUR_COLUMNS(j, width) {
		float v[4];
		read4(v, x + at + j, width - j, whole);
		FOUR(l) square = fmaf(v[l], v[l], square);
	}
	float r = 1.0f / sqrtf(fmaf(sumOfRow(square, shift), scale, eps));
	if (!live) return;
	EACH_FOUR_COLUMNS(j, width) {
		float v[4], w[4];
		read4(v, x + at + j, width - j, whole);
		read4(w, weight + j, width - j, whole);
		FOUR(l) v[l] = v[l] * r * w[l];
		if (gate) {
			float g[4];
			read4(g, gate + at + j, width - j, whole);
			FOUR(l) v[l] *= gated(g[l], sigmoid(g[l]));
		}
		write4(y + at + j, v, width - j, whole);
	}
	if ((THREAD_X & ((1 << shift) - 1)) == 0) rstd[row] = r;
}

/* u = x*rstd, d = dy*SiLU(gate), g = d*weight: dx = rstd*(g - u*scale*sum(g*u)), dgate = dy*u*weight*SiLU'(gate), dweight = sum of
 * d*u over the rows of a block: partial [blocks, width]. SiLU(gate) is computed three times, which costs less than to store it. */
KERNEL rmsnorm_backward(int rows, int width, int shift, int lanes, int perBlock, float scale, const float *x, const float *gate, const float *weight,
                        const float *rstd, const float *dy, float *dx, float *dgate, float *partial) {
	bool whole = width % 4 == 0 && aligned(x, gate, weight, dy, dx, dgate);
	int from = BLOCK_X * perBlock, to = from + perBlock < rows ? from + perBlock : rows;
	EACH_ROW_OF_BLOCK(row, from, to) {
		bool live = row < to;
		long long at = (long long)(live ? row : from) * width;
		float r = live ? rstd[row] : 0.0f, dot = 0.0f;
		if (live) EACH_FOUR_COLUMNS(j, width) {
			float v[4], w[4], d[4];
			read4(v, x + at + j, width - j, whole);
			read4(w, weight + j, width - j, whole);
			read4(d, dy + at + j, width - j, whole);
			if (gate) {
				float g[4];
				read4(g, gate + at + j, width - j, whole);
				FOUR(l) d[l] *= gated(g[l], sigmoid(g[l]));
			}
			FOUR(l) dot = fmaf(d[l] * w[l], v[l] * r, dot);
		}
		dot = sumOfRow(dot, shift) * scale;
		if (live) EACH_FOUR_COLUMNS(j, width) {
			float v[4], w[4], d[4];
			read4(v, x + at + j, width - j, whole);
			read4(w, weight + j, width - j, whole);
			read4(d, dy + at + j, width - j, whole);
			if (gate) {
				float g[4];
				read4(g, gate + at + j, width - j, whole);
				FOUR(l) {
					float s = sigmoid(g[l]), normed = d[l] * (v[l] * r * w[l]);
					d[l] *= g[l] * s;
					g[l] = normed * siluSlope(g[l], s);
				}
				write4(dgate + at + j, g, width - j, whole);
			}
			FOUR(l) v[l] = r * (d[l] * w[l] - v[l] * r * dot);
			write4(dx + at + j, v, width - j, whole);
		}
	}
	partial += (long long)BLOCK_X * width;
	EACH_COLUMN_OF_BLOCK(j, width, lanes) {
		float dw = 0.0f;
		if (j < width) {
#pragma unroll 4
			for (int row = from + THREAD_X / lanes; row < to; row += 256 / lanes) {
				long long at = (long long)row * width + j;
				float d = dy[at];
				if (gate) d *= gated(gate[at], sigmoid(gate[at]));
				dw = fmaf(d, x[at] * rstd[row], dw);
			}
		}
		dw = laneSum(dw, lanes);
		if (THREAD_X < lanes && j < width) partial[j] = dw;
	}
}
