#include "rows.h"

/* Every number is read and written once: memory is the limit. */

/* y [B*T, D] = x + table [T.., D] */
KERNEL add_positions(int rows, int time, int width, int shift, const float *x, const float *table, float *y) {
	EACH_ROW(r);
	if (r >= rows) return;
	bool whole = width % 4 == 0 && aligned(x, table, y);
	table += (long long)((int)r % time) * width;
	EACH_FOUR_COLUMNS(j, width) {
		float v[4], p[4];
		read4(v, x + r * width + j, width - j, whole);
		read4(p, table + j, width - j, whole);
		FOUR(l) v[l] += p[l];
		write4(y + r * width + j, v, width - j, whole);
	}
}

/* dtable [C, D]: row t is the sum over the sequences of dy_t, 0 beyond the positions. */
KERNEL add_positions_backward(int context, int batch, int time, int width, int shift, const float *dy, float *dtable) {
	EACH_ROW(t);
	if (t >= context) return;
	bool whole = width % 4 == 0 && aligned(dy, dtable);
	EACH_FOUR_COLUMNS(j, width) {
		float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
		if (t < time)
			for (int b = 0; b < batch; b++) {
				float v[4];
				read4(v, dy + ((long long)b * time + t) * width + j, width - j, whole);
				FOUR(l) sum[l] += v[l];
			}
		write4(dtable + t * width + j, sum, width - j, whole);
	}
}

/* Turns numbers i and i + K/2 of the first turned heads of K = width numbers in rows of stride numbers by the angles of the
 * position, whose cosines and sines [T, K/2] are tables; the other way if sign is -1. Copies the rest. */
KERNEL rotary(int rows, int time, int turned, int width, int stride, int shift, const float *cosines, const float *sines, float sign,
              const float *src, float *dst) {
	EACH_ROW(r);
	if (r >= rows) return;
	int half = width / 2;
	long long table = (long long)((int)r % time) * half;
	src += r * stride;
	dst += r * stride;
	EACH_COLUMN(j, stride) {
		float x = src[j];
		int i = j % width;
		if (j < turned * width && i < 2 * half) {
			bool second = i >= half;
			long long at = table + (second ? i - half : i);
			float c = cosines[at], s = sign * sines[at];
			x = second ? x * c + src[j - half] * s : x * c - src[j + half] * s;
		}
		dst[j] = x;
	}
}
