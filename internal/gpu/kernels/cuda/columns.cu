#include "device.h"

/* Sums along the first dimension, in orders that depend on the sizes alone. Each number is read once, 32 or more neighbors at a
 * time: memory is the limit. */

/* x_0 + x_stride + ... of n numbers. A block takes 256 >> shift columns; 2^shift of its threads share each, thread group adds up
 * every 2^shift-th number, and the first of them has the sum. */
__device__ __forceinline__ float columnSum(int n, int shift, bool in, const float *x, long long stride) {
	__shared__ float sums[256];
	int group = THREAD_X >> (8 - shift);
	float sum = 0.0f;
	if (in)
#pragma unroll 8
		for (int z = group; z < n; z += 1 << shift) sum += x[z * stride];
	sums[THREAD_X] = sum;
	__syncthreads();
	if (group == 0)
		for (int g = 1; g < 1 << shift; g++) sum += sums[g * (256 >> shift) + THREAD_X];
	return sum;
}

/* out [blocks, width] = sums of perBlock rows of x [rows, stride] each */
extern "C" __global__ void __launch_bounds__(256) column_sums(int rows, int width, int stride, int perBlock, int shift, const float *x, float *out) {
	int wide = 256 >> shift, j = BLOCK_Y * wide + (THREAD_X & (wide - 1)), first = BLOCK_X * perBlock;
	int n = rows - first < perBlock ? rows - first : perBlock;
	float sum = columnSum(n, shift, j < width, x + (long long)first * stride + j, stride);
	if (THREAD_X < wide && j < width) out[(long long)BLOCK_X * width + j] = sum;
}

/* C [M,N], with rows ldc apart, = sums over parts of partial [parts, M, N] (+ bias [N]) (+ add, which may be C). M*N is less than
 * 2^31, since products with more numbers have one part. */
extern "C" __global__ void __launch_bounds__(256) add_parts(int parts, int shift, int M, int N, const float *partial, const float *bias,
                                                            const float *add, float *C, int ldc) {
	int wide = 256 >> shift, i = BLOCK_X * wide + (THREAD_X & (wide - 1));
	float sum = columnSum(parts, shift, i < M * N, partial + i, M * N);
	if (THREAD_X >= wide || i >= M * N) return;
	int c = i % N;
	long long at = (long long)(i / N) * ldc + c;
	if (bias) sum += bias[c];
	if (add) sum += add[at];
	C[at] = sum;
}
