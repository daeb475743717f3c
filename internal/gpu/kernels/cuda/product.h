/* What the products of matrices on CUDA cores and on tensor cores share: C [M,N] = op(A) op(B) + bias [N] + add [M,N], row-major
 * with distances of rows lda, ldb and ldc (also of add, which may be C). bias and add may be 0.
 *
 * A block makes a tile of T x T in steps of TK along K. The panels of op(A) and op(B) [T lines, TK] of three steps lie in shared
 * memory: while one is used, asynchronous copies bring the next two, 16 bytes at a time where A or B is aligned. Panels keep
 * the order of the matrix in memory, so that a copy needs no transposition; what takes numbers from them reads 4 lines and some
 * ks at once, in the same number of instructions in both orders. Bits of the line and of k are mixed into the addresses
 * such that neither copies nor reads have conflicts of banks.
 *
 * Where there are too few tiles to fill a GPU, K is cut into as many parts as the grid has in z. The blocks write the sums of
 * their part to C of that part, beside each other, and add_parts of columns.cu adds these up. */
#pragma once
#include "device.h"

struct Product {
	int M, N, K;
	const float *A;
	int lda;
	const float *B;
	int ldb;
	const float *bias, *add;
	float *C;
	int ldc, part; /* part: length of a part of K, a multiple of TK if there are several */
};

#define PRODUCT_PARAMETERS                                                                                                          \
	int M, int N, int K, const float *A, int lda, const float *B, int ldb, const float *bias, const float *add, float *C, int ldc, \
	        int part
#define PRODUCT Product{M, N, K, A, lda, B, ldb, bias, add, C, ldc, part}
#define INLINE __attribute__((always_inline))

enum { TK = 16, STEPS = 3, GROUP = 8 };

__device__ __forceinline__ bool aligned(const void *p, int ld = 0) { return ((unsigned)(unsigned long long)p | 4 * (unsigned)ld) % 16 == 0; }

/* Begins to copy the first n of 4 numbers to shared memory; the others become 0. Wide says that from is aligned. */
__device__ __forceinline__ void copy4(float *to, const float *from, int n, bool wide) {
	unsigned at = (unsigned)(unsigned long long)(__attribute__((address_space(3))) void *)to;
	n = n < 0 ? 0 : n > 4 ? 4 : n;
	if (wide) {
		asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(4 * n) : "memory");
		return;
	}
#pragma unroll
	for (int e = 0; e < 4; e++)
		asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(at + 4 * e), "l"(from + e), "r"(e < n ? 4 : 0) : "memory");
}

/* LINES rows of op(A), or columns of op(B), by TK. ALONG says that neighbors along K are neighbors in memory. */
template <bool ALONG, int LINES, int THREADS> struct Panel {
	const float *X; /* at the first line */
	int ld, lines, end;
	bool wide;

	static __device__ __forceinline__ int place(int line, int k) {
		if (ALONG) return (line ^ (line >> 2 & 1)) * TK + ((k >> 2 ^ (line >> 3 & 3)) << 2) + (k & 3);
		return k * LINES + ((line >> 2 ^ (k >> 2 & 3) << 1) << 2) + (line & 3);
	}

	__device__ __forceinline__ void copy(float *to, int k0) const {
#pragma unroll
		for (int p = THREAD_X; p < LINES * TK / 4 + THREAD_X; p += THREADS) {
			int line = ALONG ? p / (TK / 4) : p % (LINES / 4) * 4, k = ALONG ? p % (TK / 4) * 4 : p / (LINES / 4);
			long long at = ALONG ? (long long)line * ld + k0 + k : (long long)(k0 + k) * ld + line;
			int inside = ALONG ? line < lines ? end - k0 - k : 0 : k0 + k < end ? lines - line : 0;
			copy4(&to[place(line, k)], X + at, inside, wide);
		}
	}

	/* v[e][i] = number k + e of line + i, of E = 2 or 4 ks; line is a multiple of 4 and k of E. */
	template <int E> static __device__ __forceinline__ void read(float v[E][4], const float *from, int line, int k) {
		if (!ALONG) {
#pragma unroll
			for (int e = 0; e < E; e++) load4(v[e], &from[place(line, k + e)]);
			return;
		}
		const float *even = &from[place(line, k)], *odd = even + (line >> 2 & 1 ? -TK : TK);
#pragma unroll
		for (int i = 0; i < 4; i++) {
			const float *p = (i % 2 ? odd : even) + i / 2 * 2 * TK;
			if (E == 4) {
				float4 w = *(const float4 *)p;
				v[0][i] = w.x, v[1][i] = w.y, v[E - 2][i] = w.z, v[E - 1][i] = w.w;
			} else {
				float2 w = *(const float2 *)p;
				v[0][i] = w.x, v[1][i] = w.y;
			}
		}
	}
};

/* The tile of the block. Blocks that run at the same time take GROUP tiles in a column, then the next column: they share panels
 * in the cache. */
template <int T> __device__ __forceinline__ void findTile(const Product &p, int &row0, int &col0) {
	int rows = (p.M + T - 1) / T, columns = (p.N + T - 1) / T, of = GROUP * columns;
	int first = BLOCK_X / of * GROUP, high = rows - first < GROUP ? rows - first : GROUP;
	row0 = (first + BLOCK_X % of % high) * T;
	col0 = BLOCK_X % of / high * T;
}

/* Runs step(panel of A, panel of B) along the block's part of K. */
template <int T, int THREADS, bool TA, bool TB, typename Step>
__device__ __forceinline__ void overSteps(float *shared, const Product &p, int row0, int col0, Step step) {
	int begin = BLOCK_Z * p.part, end = begin + p.part < p.K ? begin + p.part : p.K;
	Panel<!TA, T, THREADS> a = {p.A + (TA ? row0 : (long long)row0 * p.lda), p.lda, p.M - row0, end, aligned(p.A, p.lda)};
	Panel<TB, T, THREADS> b = {p.B + (TB ? (long long)col0 * p.ldb : col0), p.ldb, p.N - col0, end, aligned(p.B, p.ldb)};
	int used = 0, filled = 0; /* places of panels */
#pragma unroll 1
	for (int k = begin - (STEPS - 1) * TK; k < end; k += TK) {
		if (k >= begin) { /* the panels of k are here, and nobody uses those of the step before */
			asm volatile("cp.async.wait_group %0;" ::"n"(STEPS - 2) : "memory");
			__syncthreads();
		}
		int next = k + (STEPS - 1) * TK;
		if (next < end) {
			a.copy(&shared[filled * 2 * T * TK], next);
			b.copy(&shared[filled * 2 * T * TK + T * TK], next);
			filled = filled == STEPS - 1 ? 0 : filled + 1;
		}
		asm volatile("cp.async.commit_group;" ::: "memory");
		if (k < begin) continue;
		step(&shared[used * 2 * T * TK], &shared[used * 2 * T * TK + T * TK]);
		used = used == STEPS - 1 ? 0 : used + 1;
	}
	__syncthreads();
}

/* Writes the quads of a thread, 4 numbers of a row each, of which value(n, e) is number e of quad n, and place(n, row, column) tells
 * where in the tile it lies. Through shared memory, so that the code is there once and not for each quad. */
template <int THREADS, int QUADS, typename Value, typename Place>
__device__ __forceinline__ void writeTile(float *shared, const Product &p, int row0, int col0, Value value, Place place) {
	float *C = p.C + (long long)BLOCK_Z * p.M * p.ldc;
	bool wide = aligned(C, p.ldc) && aligned(p.bias) && aligned(p.add);
	float *mine = shared + THREAD_X * 4;
#pragma unroll
	for (int half = 0; half < QUADS / 8; half++) {
#pragma unroll
		for (int n = 0; n < 8; n++)
			*(float4 *)&mine[n * 4 * THREADS] = float4{value(8 * half + n, 0), value(8 * half + n, 1), value(8 * half + n, 2), value(8 * half + n, 3)};
#pragma unroll 1
		for (int n = 0; n < 8; n++) {
			int row, c;
			place(8 * half + n, row, c);
			row += row0, c += col0;
			if (row >= p.M) continue;
			const float *v = &mine[n * 4 * THREADS];
			long long at = (long long)row * p.ldc + c;
			if (wide && c + 4 <= p.N) {
				float4 w = *(const float4 *)v;
				if (p.bias) w += *(const float4 *)&p.bias[c];
				if (p.add) w += *(const float4 *)&p.add[at];
				*(float4 *)&C[at] = w;
				continue;
			}
#pragma unroll 1
			for (int e = 0; e < 4 && c + e < p.N; e++) {
				float w = v[e];
				if (p.bias) w += p.bias[c + e];
				if (p.add) w += p.add[at + e];
				C[at + e] = w;
			}
		}
	}
}
