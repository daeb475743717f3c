/* Products on tensor cores (mma.sync, compute capability 8.0 and later), in modules of their own so that a program loads the one
 * that it uses. A, B and C in memory are float32, and sums are float32. Norm of the error of C relative to that of C, for normal
 * numbers and sums that are rounded to nearest:
 *
 *   tf32    factors of 10 bits of mantissa: 3e-4
 *   tf32x3  each factor as the sum of two tf32 numbers, of the four products of which the smallest is left out: 1e-7 to 2e-7 for K up
 *           to 800, as of float32; tensor cores cut sums off where others round them, which adds to it with K
 *   bf16    factors of 7 bits of mantissa: 2.4e-3
 *
 * In tf32x3 infinite factors give NaN.
 *
 * Warps make 32*U x 32 of a tile. A warp takes quads of 4 lines by 4 ks from the panels: thread 4g+q has the lines 4g..4g+3 at
 * the ks 4q..4q+3. An instruction multiplies 16 rows x 8 columns x 8 (tf32) or 16 (bf16) ks, of which the thread has the rows g and
 * g+8 and the column g. Which rows, columns and ks of the tile these are is free, as long as both factors agree on k: rows g and g+8
 * are the lines 4g+i and 4g+i+1, column g is 4g+j, and the ks of a thread are those of its quads. Then each read is of 16 bytes,
 * and the thread has 8 neighbors of a row of C. Reads and copies of shared memory take 512 cycles of a multiprocessor for 128 x 128 x
 * 16 products: as long as the tensor cores of an A100 take in tf32. They are the limit in bf16, and on an H100. */
#pragma once
#include "product.h"

enum { TF32, TF32X3, BF16 };

/* sum [i][j][4] += x y of 4 x 4 quads: tiles of the rows 2i and 2i+1 of x and of column j of y */
template <int MODE> __device__ __forceinline__ void multiply(float sum[2][4][4], const float x[4][4], const float y[4][4]) {
	if constexpr (MODE == BF16) {
#pragma unroll
		for (int i = 0; i < 2; i++)
#pragma unroll
			for (int j = 0; j < 4; j++) {
				unsigned a[4], b[2];
#pragma unroll
				for (int r = 0; r < 4; r++) a[r] = toBF16(x[r / 2 * 2][2 * i + r % 2], x[r / 2 * 2 + 1][2 * i + r % 2]);
#pragma unroll
				for (int r = 0; r < 2; r++) b[r] = toBF16(y[2 * r][j], y[2 * r + 1][j]);
				mmaBF16(sum[i][j], a, b);
			}
		return;
	}
#pragma unroll
	for (int k = 0; k < 4; k += 2)
#pragma unroll
		for (int i = 0; i < 2; i++) {
			unsigned a[4], low[4];
#pragma unroll
			for (int r = 0; r < 4; r++) {
				float v = x[k + r / 2][2 * i + r % 2];
				a[r] = toTF32(v);
				if (MODE == TF32X3) low[r] = toTF32(v - __uint_as_float(a[r]));
			}
#pragma unroll
			for (int j = 0; j < 4; j++) {
				unsigned b[2], rest[2];
#pragma unroll
				for (int r = 0; r < 2; r++) {
					float v = y[k + r][j];
					b[r] = toTF32(v);
					if (MODE == TF32X3) rest[r] = toTF32(v - __uint_as_float(b[r]));
				}
				if (MODE == TF32X3) { /* the small products first */
					mmaTF32(sum[i][j], low, b);
					mmaTF32(sum[i][j], a, rest);
				}
				mmaTF32(sum[i][j], a, b);
			}
		}
}

template <int MODE, int U, bool TA, bool TB>
__device__ __forceinline__ void matmul(Product p) {
	enum { T = 64 * U, THREADS = 128 * U };
	alignas(16) __shared__ float shared[STEPS * 2 * T * TK];
	int row0, col0;
	findTile<T>(p, row0, col0);
	int warp = THREAD_X / 32, g = THREAD_X % 32 / 4, q = THREAD_X % 4;
	int i0 = warp / (2 * U) * 32 * U, j0 = warp % (2 * U) * 32;
	float sum[U][2][4][4];
#pragma unroll
	for (int n = 0; n < 32 * U; n++) sum[n / 32][n / 16 % 2][n / 4 % 4][n % 4] = 0.0f;

	overSteps<T, THREADS, TA, TB>(shared, p, row0, col0, [&](const float *a, const float *b) INLINE {
		float x[4][4], y[4][4];
		Panel<TB, T, THREADS>::template read<4>(y, b, j0 + 4 * g, 4 * q);
#pragma unroll
		for (int u = 0; u < U; u++) {
			Panel<!TA, T, THREADS>::template read<4>(x, a, i0 + 32 * u + 4 * g, 4 * q);
			multiply<MODE>(sum[u], x, y);
		}
	});
	/* number r of an instruction's sums lies in row g + r/2*8 and column 2q + r%2 */
	writeTile<THREADS, 8 * U>(shared, p, row0, col0,
		[&](int n, int e) INLINE { return sum[n / 8][n / 4 % 2][e][n / 2 % 2 * 2 + n % 2]; },
		[=](int n, int &row, int &column) INLINE {
			row = i0 + n / 8 * 32 + 4 * g + n / 2 % 4;
			column = j0 + 8 * q + n % 2 * 4;
		});
}

/* two large or four small blocks share the registers of a multiprocessor; in tf32x3, whose threads keep more numbers, half of that */
#define MATMUL(name, MODE, U, TA, TB)                                                                                     \
	extern "C" __global__ void __launch_bounds__(128 * U, (MODE == TF32X3 ? 2 : 4) / U) name(PRODUCT_PARAMETERS) { matmul<MODE, U, TA, TB>(PRODUCT); }
#define MATMULS(MODE)                                                                      \
	MATMUL(matmul_128_nn, MODE, 2, false, false) MATMUL(matmul_64_nn, MODE, 1, false, false) \
	MATMUL(matmul_128_nt, MODE, 2, false, true) MATMUL(matmul_64_nt, MODE, 1, false, true)   \
	MATMUL(matmul_128_tn, MODE, 2, true, false) MATMUL(matmul_64_tn, MODE, 1, true, false)
