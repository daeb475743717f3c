#include "math.h"
#include "norms.h"

/* y = x * r, r = 1/sqrt(sum of x^2 + eps), by rows */
KERNEL l2norm(int rows, int width, int shift, float eps, const float *x, float *y, float *kept) {
	EACH_ROW(row);
	bool live = row < rows, whole = width % 4 == 0 && aligned(x, y);
	long long at = live ? row * width : 0;
	float square = 0.0f;
	if (live) EACH_FOUR_COLUMNS(j, width) {
		float v[4];
		read4(v, x + at + j, width - j, whole);
		FOUR(l) square = fmaf(v[l], v[l], square);
	}
	float r = 1.0f / sqrtf(sumOfRow(square, shift) + eps);
	if (!live) return;
	EACH_FOUR_COLUMNS(j, width) {
		float v[4];
		read4(v, x + at + j, width - j, whole);
		FOUR(l) v[l] *= r;
		write4(y + at + j, v, width - j, whole);
	}
	if ((THREAD_X & ((1 << shift) - 1)) == 0) kept[row] = r;
}

/* dx = r * (dy - y * sum of dy*y) */
KERNEL l2norm_backward(int rows, int width, int shift, const float *x, const float *kept, const float *dy, float *dx) {
	EACH_ROW(row);
	bool live = row < rows, whole = width % 4 == 0 && aligned(x, dy, dx);
	long long at = live ? row * width : 0;
	float r = live ? kept[row] : 0.0f, dot = 0.0f;
	if (live) EACH_FOUR_COLUMNS(j, width) {
		float v[4], d[4];
		read4(v, x + at + j, width - j, whole);
		read4(d, dy + at + j, width - j, whole);
		FOUR(l) dot = fmaf(d[l], v[l] * r, dot);
	}
	dot = sumOfRow(dot, shift);
	if (live) EACH_FOUR_COLUMNS(j, width) {
		float v[4], d[4];
		read4(v, x + at + j, width - j, whole);
		read4(d, dy + at + j, width - j, whole);
		FOUR(l) d[l] = r * (d[l] - v[l] * r * dot);
		write4(dx + at + j, d, width - j, whole);
	}
}
