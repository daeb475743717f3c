#include "rows.h"
#include "sums.h"

/* Every number is read once: memory is the limit. */

/* The sum of a b over each piece of that many numbers, in float64. */
KERNEL dot(long long n, int piece, const float *a, const float *b, double *sums) {
	long long from = (long long)BLOCK_X * piece, to = from + piece < n ? from + piece : n;
	bool whole = aligned(a, b);
	double sum = 0;
	for (long long i = from + THREAD_X * 4; i < to; i += 1024) {
		float v[4], w[4];
		read4(v, a + i, to - i, whole && i + 4 <= to);
		read4(w, b + i, to - i, whole && i + 4 <= to);
		FOUR(l) sum += (double)v[l] * w[l];
	}
	sum = blockSum(sum);
	if (THREAD_X == 0) sums[BLOCK_X] = sum;
}

KERNEL dot_total(int pieces, const double *sums, float *y) {
	double sum = 0;
	for (int i = THREAD_X; i < pieces; i += 256) sum += sums[i];
	sum = blockSum(sum);
	if (THREAD_X == 0) *y = (float)sum;
}

/* da = dy b, db = dy a, with the number at dy */
KERNEL dot_backward(long long n, const float *a, const float *b, const float *dy, float *da, float *db) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(a, b, da, db);
	float v[4], w[4], d = *dy;
	read4(v, a + i, n - i, whole);
	read4(w, b + i, n - i, whole);
	FOUR(l) {
		v[l] *= d;
		w[l] *= d;
	}
	write4(da + i, w, n - i, whole);
	write4(db + i, v, n - i, whole);
}
