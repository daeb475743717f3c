/* Sums over a block of 256 threads in a fixed order. */
#pragma once
#include "device.h"

/* The sum of the numbers of all threads, by a tree, for the first thread. All threads call it. */
__device__ __forceinline__ double blockSum(double v) {
	__shared__ double shared[256];
	int t = THREAD_X;
	shared[t] = v;
	__syncthreads();
#pragma unroll 1
	for (int half = 128; half > 0; half /= 2) {
		if (t < half) shared[t] += shared[t + half];
		__syncthreads();
	}
	return shared[0];
}

/* The sum of the numbers of all threads that have the same place among lanes, a power of two, for the first lanes threads. All
 * threads call it. */
__device__ __forceinline__ float laneSum(float v, int lanes) {
	__shared__ float shared[256];
	int t = THREAD_X;
	__syncthreads(); /* the sum of the last call has been read */
	shared[t] = v;
	__syncthreads();
#pragma unroll 1
	for (int half = 128; half >= lanes; half /= 2) {
		if (t < half) shared[t] += shared[t + half];
		__syncthreads();
	}
	return shared[t];
}
