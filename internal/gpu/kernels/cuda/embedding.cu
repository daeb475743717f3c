#include "rows.h"

/* y_r = W[token_r]: memory is the limit. A token that is not in the table gives NaN. */
KERNEL embedding(int rows, int vocab, int width, int shift, const int *tokens, const float *w, float *y) {
	EACH_ROW(r);
	if (r >= rows) return;
	unsigned token = tokens[r];
	bool found = token < (unsigned)vocab, whole = width % 4 == 0 && aligned(w, y);
	w += (long long)(found ? token : 0) * width;
	EACH_FOUR_COLUMNS(j, width) {
		float v[4];
		read4(v, w + j, width - j, whole);
		if (!found) FOUR(l) v[l] = __uint_as_float(0x7fc00000u);
		write4(y + r * width + j, v, width - j, whole);
	}
}

/* The gradient of the table without atomics: sort the positions by token, in their order where the tokens are the same; then
 * each token's rows are neighbors, and are added up in their order. */

typedef unsigned long long u64;
enum { RUN = 1024 }; /* keys that a block sorts in shared memory */

/* Sorts runs of RUN keys token << 32 | position; those beyond the rows are the largest. */
extern "C" __global__ void __launch_bounds__(512) sort_runs(int rows, const int *tokens, u64 *keys) {
	__shared__ u64 run[RUN];
	int t = THREAD_X;
#pragma unroll
	for (int half = 0; half < 2; half++) {
		int r = BLOCK_X * RUN + half * 512 + t;
		run[half * 512 + t] = r < rows ? (u64)(unsigned)tokens[r] << 32 | (unsigned)r : ~0ull;
	}
	__syncthreads();
#pragma unroll 1
	for (int size = 2; size <= RUN; size *= 2)
#pragma unroll 1
		for (int step = size / 2; step > 0; step /= 2) { /* bitonic */
			int i = 2 * t - (t & (step - 1)), j = i + step;
			u64 a = run[i], b = run[j];
			if ((a > b) == ((i & size) == 0)) {
				run[i] = b;
				run[j] = a;
			}
			__syncthreads();
		}
#pragma unroll
	for (int half = 0; half < 2; half++) keys[BLOCK_X * RUN + half * 512 + t] = run[half * 512 + t];
}

/* Merges neighboring runs of that length of n keys: a key's place is its own plus the number of smaller ones in the other run.
 * All keys differ but those beyond the rows, which are the largest and all in the last run. */
KERNEL merge_runs(int n, int length, const u64 *keys, u64 *merged) {
	EACH(i, n);
	u64 key = keys[i];
	int own = (int)i / length * length, other = own / length % 2 ? own - length : own + length;
	int first = own < other ? own : other, lo = 0, hi = other >= n ? 0 : n - other < length ? n - other : length;
	while (lo < hi) {
		int middle = (lo + hi) / 2;
		if (keys[other + middle] < key) lo = middle + 1;
		else hi = middle;
	}
	merged[first + ((int)i - own) + lo] = key;
}

enum { PIECE = 64 }; /* sorted positions whose rows a block adds up */

/* Adds up the rows of dy of each token within a piece of sorted positions. The sum that begins at sorted position k is row k of
 * sums. The rows of four positions are on their way together. Memory is the limit: dy is read once. */
extern "C" __global__ void __launch_bounds__(128) sum_pieces(int rows, int width, const u64 *keys, const float *dy, float *sums) {
	int first = BLOCK_X * PIECE, last = first + PIECE < rows ? first + PIECE : rows;
	int j = BLOCK_Y * 128 + THREAD_X;
	if (j >= width) return;
	float sum = 0;
	int begin = first;
	unsigned token = (unsigned)(keys[first] >> 32);
#pragma unroll 1
	for (int k = first; k < last; k += 4) {
		u64 key[4];
		float v[4];
		FOUR(l) key[l] = keys[k + l < last ? k + l : k];
		FOUR(l) v[l] = dy[(long long)(unsigned)key[l] * width + j];
		FOUR(l) if (k + l < last) {
			unsigned next = (unsigned)(key[l] >> 32);
			if (next != token) {
				sums[(long long)begin * width + j] = sum;
				sum = 0;
				begin = k + l;
				token = next;
			}
			sum += v[l];
		}
	}
	sums[(long long)begin * width + j] = sum;
}

/* Adds up the sums of a token's pieces, where its positions begin. The other rows of dw are zeros already. */
extern "C" __global__ void __launch_bounds__(128) sum_tokens(int rows, int vocab, int width, const u64 *keys, const float *sums, float *dw) {
	int k = BLOCK_X, j = BLOCK_Y * 128 + THREAD_X;
	unsigned token = (unsigned)(keys[k] >> 32);
	if (j >= width || token >= (unsigned)vocab || (k > 0 && (unsigned)(keys[k - 1] >> 32) == token)) return;
	float sum = sums[(long long)k * width + j];
	for (int p = (k / PIECE + 1) * PIECE; p < rows && (unsigned)(keys[p] >> 32) == token; p += PIECE) sum += sums[(long long)p * width + j];
	dw[(long long)token * width + j] = sum;
}
