#include "math.h"
#include "rows.h"

/* Functions of single numbers and their gradients. A number costs 10 to 60 instructions and 8 to 20 bytes: memory is the limit.
 * x and y may be the same array. */

/* GLU: y = a sigmoid(g), where a row of x [rows, 2 width] is a and then g. */
KERNEL glu(int rows, int width, int shift, const float *x, float *y) {
	EACH_ROW(r);
	if (r >= rows) return;
	bool whole = width % 4 == 0 && aligned(x, y);
	x += 2 * r * width;
	y += r * width;
	EACH_FOUR_COLUMNS(j, width) {
		float a[4], g[4];
		read4(a, x + j, width - j, whole);
		read4(g, x + width + j, width - j, whole);
		FOUR(l) a[l] *= sigmoid(g[l]);
		write4(y + j, a, width - j, whole);
	}
}

/* da = dy s, dg = dy a s (1-s) */
KERNEL glu_backward(int rows, int width, int shift, const float *x, const float *dy, float *dx) {
	EACH_ROW(r);
	if (r >= rows) return;
	bool whole = width % 4 == 0 && aligned(x, dy, dx);
	x += 2 * r * width;
	dx += 2 * r * width;
	dy += r * width;
	EACH_FOUR_COLUMNS(j, width) {
		float a[4], g[4], d[4];
		read4(a, x + j, width - j, whole);
		read4(g, x + width + j, width - j, whole);
		read4(d, dy + j, width - j, whole);
		FOUR(l) {
			float s = sigmoid(g[l]);
			g[l] = d[l] * a[l] * s * (1.0f - s);
			a[l] = d[l] * s;
		}
		write4(dx + j, a, width - j, whole);
		write4(dx + width + j, g, width - j, whole);
	}
}

/* SwiGLU: y = a g sigmoid(g) */
KERNEL swiglu(int rows, int width, int shift, const float *x, float *y) {
	EACH_ROW(r);
	if (r >= rows) return;
	bool whole = width % 4 == 0 && aligned(x, y);
	x += 2 * r * width;
	y += r * width;
	EACH_FOUR_COLUMNS(j, width) {
		float a[4], g[4];
		read4(a, x + j, width - j, whole);
		read4(g, x + width + j, width - j, whole);
		FOUR(l) a[l] *= gated(g[l], sigmoid(g[l]));
		write4(y + j, a, width - j, whole);
	}
}

/* da = dy g s, dg = dy a s (1 + g (1-s)) */
KERNEL swiglu_backward(int rows, int width, int shift, const float *x, const float *dy, float *dx) {
	EACH_ROW(r);
	if (r >= rows) return;
	bool whole = width % 4 == 0 && aligned(x, dy, dx);
	x += 2 * r * width;
	dx += 2 * r * width;
	dy += r * width;
	EACH_FOUR_COLUMNS(j, width) {
		float a[4], g[4], d[4];
		read4(a, x + j, width - j, whole);
		read4(g, x + width + j, width - j, whole);
		read4(d, dy + j, width - j, whole);
		FOUR(l) {
			float s = sigmoid(g[l]), silu = gated(g[l], s);
			g[l] = d[l] * a[l] * siluSlope(g[l], s);
			a[l] = d[l] * silu;
		}
		write4(dx + j, a, width - j, whole);
		write4(dx + width + j, g, width - j, whole);
	}
}

/* GELU in GPT-2's form: y = x sigmoid(u), u = 2 sqrt(2/pi) (x + 0.044715 x^3) */
__device__ __forceinline__ float geluArgument(float x) { return 1.59576912f * x * fmaf(0.044715f * x, x, 1.0f); }

KERNEL gelu(long long n, const float *x, float *y) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(x, y);
	float v[4];
	read4(v, x + i, n - i, whole);
	FOUR(l) v[l] = gated(v[l], sigmoid(geluArgument(v[l])));
	write4(y + i, v, n - i, whole);
}

/* dx = dy (s + x s (1-s) du/dx), du/dx = 2 sqrt(2/pi) (1 + 3 * 0.044715 x^2). Where s is 0 or 1, s (1-s) is 0, but du/dx
 * may be infinite. */
KERNEL gelu_backward(long long n, const float *x, const float *dy, float *dx) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(x, dy, dx);
	float v[4], d[4];
	read4(v, x + i, n - i, whole);
	read4(d, dy + i, n - i, whole);
	FOUR(l) {
		float s = sigmoid(geluArgument(v[l])), slope = s * (1.0f - s);
		if (slope != 0.0f) slope *= v[l] * (1.59576912f * fmaf(0.134145f * v[l], v[l], 1.0f));
		d[l] *= s + slope;
	}
	write4(dx + i, d, n - i, whole);
}

/* SiLU: y = x sigmoid(x) */
KERNEL silu(long long n, const float *x, float *y) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(x, y);
	float v[4];
	read4(v, x + i, n - i, whole);
	FOUR(l) v[l] = gated(v[l], sigmoid(v[l]));
	write4(y + i, v, n - i, whole);
}

/* dx = dy s (1 + x (1-s)) */
KERNEL silu_backward(long long n, const float *x, const float *dy, float *dx) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(x, dy, dx);
	float v[4], d[4];
	read4(v, x + i, n - i, whole);
	read4(d, dy + i, n - i, whole);
	FOUR(l) d[l] *= siluSlope(v[l], sigmoid(v[l]));
	write4(dx + i, d, n - i, whole);
}

/* Gated SiLU: y = gate sigmoid(gate) up */
KERNEL gated_silu(long long n, const float *gate, const float *up, float *y) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(gate, up, y);
	float g[4], u[4];
	read4(g, gate + i, n - i, whole);
	read4(u, up + i, n - i, whole);
	FOUR(l) u[l] *= gated(g[l], sigmoid(g[l]));
	write4(y + i, u, n - i, whole);
}

KERNEL gated_silu_backward(long long n, const float *gate, const float *up, const float *dy, float *dgate, float *dup) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(gate, up, dy, dgate, dup);
	float g[4], u[4], d[4];
	read4(g, gate + i, n - i, whole);
	read4(u, up + i, n - i, whole);
	read4(d, dy + i, n - i, whole);
	FOUR(l) {
		float s = sigmoid(g[l]), silu = gated(g[l], s);
		g[l] = d[l] * u[l] * siluSlope(g[l], s);
		u[l] = d[l] * silu;
	}
	write4(dgate + i, g, n - i, whole);
	write4(dup + i, u, n - i, whole);
}
