#include "rows.h"
#include "sums.h"

/* Updates of parameters. scale is the factor on the gradients, in the memory of the device; a negative one says that nothing
 * changes. Memory is the limit: AdamW reads 16 bytes a weight and writes 12. Products are fused into sums as in the host's
 * assembly, so that both give the same bits. */

/* p = keep p - rate m / (sqrt(root v) + eps), with the moments m and v of the scaled gradient */
KERNEL adamw(long long n, float *value, const float *grad, float *m, float *v, const float *scale, float beta1, float rest1, float beta2,
             float rest2, float keep, float rate, float root, float eps) {
	EACH_FOUR(i, n);
	float s = *scale;
	if (s < 0.0f) return;
	bool whole = i + 4 <= n && aligned(value, grad, m, v);
	float p[4], g[4], mean[4], square[4];
	read4(p, value + i, n - i, whole);
	read4(g, grad + i, n - i, whole);
	read4(mean, m + i, n - i, whole);
	read4(square, v + i, n - i, whole);
	FOUR(l) {
		float x = g[l] * s;
		mean[l] = fmaf(rest1, x, beta1 * mean[l]);
		square[l] = fmaf(rest2, x * x, beta2 * square[l]);
		p[l] = fmaf(keep, p[l], -(rate * mean[l] / (sqrtf(square[l] * root) + eps)));
	}
	write4(m + i, mean, n - i, whole);
	write4(v + i, square, n - i, whole);
	write4(value + i, p, n - i, whole);
}

/* p = shrink p - lr sign(c), c = beta1 m + (1-beta1) g, m = beta2 m + (1-beta2) g. NaN shows in the weight. The host's loop is in
 * Go, which fuses nothing on amd64. */
KERNEL lion(long long n, float *value, const float *grad, float *m, const float *scale, float lr, float beta1, float rest1, float beta2,
            float rest2, float shrink) {
	EACH_FOUR(i, n);
	float s = *scale;
	if (s < 0.0f) return;
	bool whole = i + 4 <= n && aligned(value, grad, m);
	float p[4], g[4], mean[4];
	read4(p, value + i, n - i, whole);
	read4(g, grad + i, n - i, whole);
	read4(mean, m + i, n - i, whole);
	FOUR(l) {
		float x = g[l] * s, c = beta1 * mean[l] + rest1 * x;
		p[l] = shrink * p[l] - (c > 0.0f ? lr : c < 0.0f ? -lr : c);
		mean[l] = beta2 * mean[l] + rest2 * x;
	}
	write4(value + i, p, n - i, whole);
	write4(m + i, mean, n - i, whole);
}

/* average = past average + rest value */
KERNEL ema(long long n, float *average, const float *value, const float *scale, float past, float rest) {
	EACH_FOUR(i, n);
	if (*scale < 0.0f) return;
	bool whole = i + 4 <= n && aligned(average, value);
	float a[4], p[4];
	read4(a, average + i, n - i, whole);
	read4(p, value + i, n - i, whole);
	FOUR(l) a[l] = fmaf(rest, p[l], past * a[l]);
	write4(average + i, a, n - i, whole);
}

/* The sum of squares of each piece of a gradient, in float64, where no float32 is beyond the range. */
KERNEL squares(long long n, int piece, const float *grad, double *sums) {
	long long from = (long long)BLOCK_X * piece, to = from + piece < n ? from + piece : n;
	bool whole = aligned(grad);
	double sum = 0;
	for (long long i = from + THREAD_X * 4; i < to; i += 1024) {
		float g[4];
		read4(g, grad + i, to - i, whole && i + 4 <= to);
		FOUR(l) sum += (double)g[l] * g[l];
	}
	sum = blockSum(sum);
	if (THREAD_X == 0) sums[BLOCK_X] = sum;
}

/* The norm of all gradients, and the factor that reduces it to clip (0: no limit): negative if the norm or the loss is not
 * finite. */
KERNEL finish_norm(int pieces, const double *sums, const double *loss, double clip, double *norm, float *scale) {
	double sum = 0;
	for (int i = THREAD_X; i < pieces; i += 256) sum += sums[i];
	sum = blockSum(sum);
	if (THREAD_X != 0) return;
	double r = __builtin_sqrt(sum);
	*norm = r;
	bool finite = r - r == 0 && *loss - *loss == 0;
	*scale = !finite ? -1.0f : clip > 0 && r > clip ? (float)(clip / r) : 1.0f;
}
