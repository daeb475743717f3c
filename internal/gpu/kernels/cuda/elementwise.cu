#include "rows.h"

/* Every number is read and written once: the memory's bandwidth is the limit, of which such kernels reach about 0.9. */

KERNEL sum(long long n, const float *a, const float *b, float *y) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(a, b, y);
	float v[4], w[4];
	read4(v, a + i, n - i, whole);
	read4(w, b + i, n - i, whole);
	FOUR(l) v[l] += w[l];
	write4(y + i, v, n - i, whole);
}

KERNEL copy(long long n, const float *x, float *y) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(x, y);
	float v[4];
	read4(v, x + i, n - i, whole);
	write4(y + i, v, n - i, whole);
}

KERNEL zero(long long n, float *y) {
	EACH_FOUR(i, n);
	float v[4] = {0.0f, 0.0f, 0.0f, 0.0f};
	write4(y + i, v, n - i, i + 4 <= n && aligned(y));
}

KERNEL swap(long long n, float *a, float *b) {
	EACH_FOUR(i, n);
	bool whole = i + 4 <= n && aligned(a, b);
	float v[4], w[4];
	read4(v, a + i, n - i, whole);
	read4(w, b + i, n - i, whole);
	write4(a + i, w, n - i, whole);
	write4(b + i, v, n - i, whole);
}
