/* How threads share arrays. Kernels that are limited by memory take four neighboring numbers a thread: 16 bytes at once keep
 * enough of them on their way. */
#pragma once
#include "device.h"

#define KERNEL extern "C" __global__ void __launch_bounds__(256)

/* index of a number of a flat array */
#define EACH(i, n)                                      \
	long long i = (long long)BLOCK_X * 256 + THREAD_X; \
	if (i >= n) return

/* index of the first of four numbers of a flat array */
#define EACH_FOUR(i, n)                                       \
	long long i = ((long long)BLOCK_X * 256 + THREAD_X) * 4; \
	if (i >= n) return

/* In an array [rows, width] a power of two of lanes takes a row, and a block of 256 threads as many rows as fit. */
#define EACH_ROW(row) long long row = (long long)BLOCK_X * (256 >> shift) + (THREAD_X >> shift)
#define EACH_COLUMN(j, width) for (int j = THREAD_X & ((1 << shift) - 1); j < width; j += 1 << shift)
#define EACH_FOUR_COLUMNS(j, width) for (int j = (THREAD_X & ((1 << shift) - 1)) * 4; j < width; j += 4 << shift)

#define FOUR(l) _Pragma("unroll") for (int l = 0; l < 4; l++)

/* Tells whether all pointers are multiples of 16 bytes, as those of whole arrays are. */
template <class... P> __device__ __forceinline__ bool aligned(P... p) { return (((unsigned long long)p | ...) & 15) == 0; }

/* Four numbers from p on, of which left are there; the others are 0. whole: all are there, and p is aligned. In assembly,
 * since clang would cut the load of 16 bytes to share a part of it with the other case. */
typedef const float __attribute__((address_space(1))) *GlobalFloats;
__device__ __forceinline__ void read4(float v[4], const float *p, long long left, bool whole) {
	if (whole) asm volatile("ld.global.v4.f32 {%0,%1,%2,%3}, [%4];" : "=f"(v[0]), "=f"(v[1]), "=f"(v[2]), "=f"(v[3]) : "l"((GlobalFloats)p) : "memory");
	else FOUR(l) v[l] = l < left ? p[l] : 0.0f;
}

__device__ __forceinline__ void write4(float *p, const float v[4], long long left, bool whole) {
	if (whole) {
		float4 x = {v[0], v[1], v[2], v[3]};
		*(float4 *)p = x;
	} else FOUR(l)
		if (l < left) p[l] = v[l];
}
