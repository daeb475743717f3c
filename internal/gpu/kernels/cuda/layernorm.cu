#include "norms.h"

/* y = (x - mean) * rstd * weight + bias, rstd = 1/sqrt(variance + 1e-5) */
KERNEL layernorm(int rows, int width, int shift, const float *x, const float *weight, const float *bias, float *y, float *mean, float *rstd) {
	EACH_ROW(row);
	bool live = row < rows, whole = width % 4 == 0 && aligned(x, weight, bias, y);
	if (!live) row = 0;
	x += row * width;
	y += row * width;
	float sum = 0.0f;
	if (live) EACH_FOUR_COLUMNS(j, width) {
		float v[4];
		read4(v, x + j, width - j, whole);
		FOUR(l) sum += v[l];
	}
	float m = sumOfRow(sum, shift) / (float)width, square = 0.0f;
	if (live) EACH_FOUR_COLUMNS(j, width) {
		float v[4];
		read4(v, x + j, width - j, whole);
		FOUR(l) if (j + l < width) square = fmaf(v[l] - m, v[l] - m, square);
	}
	float r = 1.0f / sqrtf(sumOfRow(square, shift) / (float)width + 1e-5f);
	if (!live) return;
	EACH_FOUR_COLUMNS(j, width) {
		float v[4], w[4], b[4];
		read4(v, x + j, width - j, whole);
		read4(w, weight + j, width - j, whole);
		read4(b, bias + j, width - j, whole);
		FOUR(l) v[l] = fmaf((v[l] - m) * r, w[l], b[l]);
		write4(y + j, v, width - j, whole);
	}
	if ((THREAD_X & ((1 << shift) - 1)) == 0) {
		mean[row] = m;
		rstd[row] = r;
	}
}

/* dx = rstd*(dh - mean(dh) - h*mean(dh*h)), h = (x-mean)*rstd, dh = dy*weight. dweight = sum of dy*h and dbias = sum of dy, over
 * the rows of a block: partial [blocks, 2, width]. */
KERNEL layernorm_backward(int rows, int width, int shift, int lanes, int perBlock, const float *x, const float *weight, const float *mean, const float *rstd,
                          const float *dy, float *dx, float *partial) {
	bool whole = width % 4 == 0 && aligned(x, weight, dy, dx);
	int from = BLOCK_X * perBlock, to = from + perBlock < rows ? from + perBlock : rows;
	EACH_ROW_OF_BLOCK(row, from, to) {
		bool live = row < to;
		long long at = (long long)(live ? row : from) * width;
		float m = 0.0f, s = 0.0f, sum = 0.0f, dot = 0.0f;
		if (live) {
			m = mean[row];
			s = rstd[row];
			EACH_FOUR_COLUMNS(j, width) {
				float v[4], w[4], g[4];
				read4(v, x + at + j, width - j, whole);
				read4(w, weight + j, width - j, whole);
				read4(g, dy + at + j, width - j, whole);
				FOUR(l) if (j + l < width) {
					float dh = g[l] * w[l];
					sum += dh;
					dot = fmaf(dh, (v[l] - m) * s, dot);
				}
			}
		}
		sum = sumOfRow(sum, shift) / (float)width;
		dot = sumOfRow(dot, shift) / (float)width;
		if (live) EACH_FOUR_COLUMNS(j, width) {
			float v[4], w[4], g[4];
			read4(v, x + at + j, width - j, whole);
			read4(w, weight + j, width - j, whole);
			read4(g, dy + at + j, width - j, whole);
			FOUR(l) v[l] = s * (g[l] * w[l] - sum - (v[l] - m) * s * dot);
			write4(dx + at + j, v, width - j, whole);
		}
	}
	partial += (long long)BLOCK_X * 2 * width;
	EACH_COLUMN_OF_BLOCK(j, width, lanes) {
		float dw = 0.0f, db = 0.0f;
		if (j < width) {
#pragma unroll 4
			for (int row = from + THREAD_X / lanes; row < to; row += 256 / lanes) {
				float g = dy[(long long)row * width + j];
				dw = fmaf(g, (x[(long long)row * width + j] - mean[row]) * rstd[row], dw);
				db += g;
			}
		}
		dw = laneSum(dw, lanes);
		db = laneSum(db, lanes);
		if (THREAD_X < lanes && j < width) {
			partial[j] = dw;
			partial[width + j] = db;
		}
	}
}
