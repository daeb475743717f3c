#include "rows.h"

typedef unsigned long long u64;

/* The generator of package rng. */
__device__ __forceinline__ u64 mix(u64 z) {
	z ^= z >> 30;
	z *= 0xbf58476d1ce4e5b9ull;
	z ^= z >> 27;
	z *= 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

#define WEYL 0x9e3779b97f4a7c15ull

/* y = residual + x m/(1-p) on sequences of size numbers. key is that of the site at this step, first the number of the first
 * sequence. Number i of a sequence is kept if its 32 random bits plus keep reach 2^32. residual may be 0. Two numbers share 64
 * random bits. A number costs about 30 instructions and 8 or 12 bytes: memory is the limit. */
KERNEL dropout(int blocks, long long size, u64 key, u64 first, u64 keep, float factor, const float *x, const float *residual, float *y) {
	int b = BLOCK_X / blocks; /* blocks of a sequence */
	long long i = ((long long)(BLOCK_X % blocks) * 256 + THREAD_X) * 4;
	if (i >= size) return;
	bool whole = size % 4 == 0 && aligned(x, residual, y);
	u64 sequence = mix(key ^ mix((first + b) * WEYL + 1));
	long long at = b * size + i;
	float v[4], r[4];
	read4(v, x + at, size - i, whole);
	if (residual) read4(r, residual + at, size - i, whole);
#pragma unroll
	for (int pair = 0; pair < 2; pair++) {
		u64 bits = mix(mix(sequence + (u64)(i / 2 + pair) * WEYL) ^ sequence);
		v[2 * pair] *= ((bits & 0xffffffffull) + keep) >> 32 & 1 ? factor : 0.0f;
		v[2 * pair + 1] *= ((bits >> 32) + keep) >> 32 & 1 ? factor : 0.0f;
	}
	if (residual) FOUR(l) v[l] += r[l];
	write4(y + at, v, size - i, whole);
}
