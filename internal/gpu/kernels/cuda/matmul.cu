#include "product.h"

/* Products on CUDA cores, in float32: each number of C is a chain of fmaf along k. Warps make 32 x 32*RB of a tile, threads 8 x
 * 4*RB. For RB = 2 and two ks a thread takes 32 numbers from shared memory for 128 multiplications: the units of multiplication
 * are the limit. Two blocks share a multiprocessor, so one computes while the other waits for its panels. */

template <int RB, bool TA, bool TB>
__device__ __forceinline__ void matmul(Product p) {
	enum { T = 64 * RB, THREADS = 128 * RB };
	alignas(16) __shared__ float shared[STEPS * 2 * T * TK];
	int row0, col0;
	findTile<T>(p, row0, col0);
	int warp = THREAD_X / 32, lane = THREAD_X % 32;
	int i0 = warp / 2 * 32 + lane / 8 * 4, j0 = warp % 2 * 32 * RB + lane % 8 * 4; /* rows i0.. and i0+16.., columns j0.. and j0+32.. */
	float sum[2][4][RB][4];
#pragma unroll
	for (int n = 0; n < 32 * RB; n++) sum[n / 16 / RB][n / 4 / RB % 4][n / 4 % RB][n % 4] = 0.0f;

	overSteps<T, THREADS, TA, TB>(shared, p, row0, col0, [&](const float *a, const float *b) INLINE {
#pragma unroll 1
		for (int k8 = 0; k8 < TK; k8 += 8)
#pragma unroll
			for (int k = k8; k < k8 + 8; k += 2) {
				float x[2][2][4], y[RB][2][4];
#pragma unroll
				for (int h = 0; h < 2; h++) Panel<!TA, T, THREADS>::template read<2>(x[h], a, i0 + 16 * h, k);
#pragma unroll
				for (int h = 0; h < RB; h++) Panel<TB, T, THREADS>::template read<2>(y[h], b, j0 + 32 * h, k);
#pragma unroll
				for (int e = 0; e < 2; e++)
#pragma unroll
					for (int n = 0; n < 32 * RB; n++) {
						int h = n / 16 / RB, i = n / 4 / RB % 4, g = n / 4 % RB, j = n % 4;
						sum[h][i][g][j] = fmaf(x[h][e][i], y[g][e][j], sum[h][i][g][j]);
					}
			}
	});
	writeTile<THREADS, 8 * RB>(shared, p, row0, col0,
		[&](int n, int e) INLINE { return sum[n / RB / 4][n / RB % 4][n % RB][e]; },
		[=](int n, int &row, int &column) INLINE {
			row = i0 + n / RB / 4 * 16 + n / RB % 4;
			column = j0 + n % RB * 32;
		});
}

#define MATMUL(name, RB, TA, TB) \
	extern "C" __global__ void __launch_bounds__(128 * RB, 4 / RB) name(PRODUCT_PARAMETERS) { matmul<RB, TA, TB>(PRODUCT); }
MATMUL(matmul_128_nn, 2, false, false)
MATMUL(matmul_128_nt, 2, false, true)
MATMUL(matmul_128_tn, 2, true, false)
MATMUL(matmul_64_nn, 1, false, false)
MATMUL(matmul_64_nt, 1, false, true)
MATMUL(matmul_64_tn, 1, true, false)
