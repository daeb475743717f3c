#include "../cuda/math.h"
#include "../cuda/rows.h"

/* The functions of math.h, one after the other: y [functions, n]. */
KERNEL elementary(long long n, const float *x, float *y) {
	EACH(i, n);
	float v = x[i];
	y[i] = exponential(v);
	y[n + i] = logarithm(v);
	y[2 * n + i] = logarithm1p(v);
	y[3 * n + i] = sigmoid(v);
	y[4 * n + i] = logSigmoid(v);
}
