/* Sums over neighboring lanes of a warp. */
#pragma once
#include "device.h"

/* The sum of v over the n threads with the same THREAD_X / n, in all of them, for n up to 32. All threads of the warp call it. */
template <int n>
__device__ __forceinline__ float together(float v) {
#pragma unroll
	for (int by = n / 2; by > 0; by /= 2) v += __shfl_xor_sync(~0u, v, by);
	return v;
}
