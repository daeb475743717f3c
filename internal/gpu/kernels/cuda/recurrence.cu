#include "device.h"

/* x_t = x_{t-1} A + u_t, z_t = e^2 x_t / max|x_t|, every hidden vector on its own, with states in block-scaled form:
 * x = mantissa * 2^e. Powers of two keep the largest mantissa in [2^-32, 2^32], which is exact.
 *
 *   u, z [B,T,N,D]   A [D,D]   x0 [N,D]   reset [B,T] or 0   largest, exponent [B,T,N]
 *
 * A hidden vector lies across L lanes of a warp, E numbers each: lane j holds x_j, x_{L+j}, ... and those columns of A in
 * registers; the vector is passed round by shuffles. The steps of a sequence follow each other, and a step takes longer than a
 * read of memory, so inputs are fetched AHEAD steps before. The limit is the latency of a step, about D + 40 dependent
 * instructions, with B*N*L/32 warps at work: the GPU is full from about 500 of them on. */

enum { AHEAD = 4 };

typedef long long i64;

__device__ __forceinline__ float powerOfTwo(i64 k) { /* 0 below 2^-126; k <= 0 */
	return k < -126 ? 0.0f : __uint_as_float((unsigned)(k + 127) << 23);
}

__device__ __forceinline__ float raise(float x, i64 k) { /* x * 2^k for 0 <= k <= 254, in two factors */
	int half = (int)k / 2;
	return x * __uint_as_float((unsigned)(half + 127) << 23) * __uint_as_float((unsigned)((int)k - half + 127) << 23);
}

/* x*2^e; a value beyond 2^100 stops there */
__device__ __forceinline__ float saturated(float x, i64 e) {
	if (e <= 0) return x * powerOfTwo(e);
	const float limit = 0x1p100f;
	float y = raise(x, e < 254 ? e : 254); /* beyond that every number of 2^-154 and more is past the limit */
	return y > limit ? limit : y < -limit ? -limit : y;
}

/* exponent of a magnitude, given by its bits; of a number below the normal ones, one that makes it less than 1 */
__device__ __forceinline__ int exponentOf(unsigned bits) { return (int)(bits >> 23) - 127; }

/* x*2^-k for -127 <= k <= 128, in two factors since neither 2^-128 nor 2^127 times 2 is a float */
__device__ __forceinline__ float lowered(float x, int k) { return k > 0 ? x * 0.5f * powerOfTwo(1 - k) : raise(x, -k); }

template <int E>
__device__ __forceinline__ unsigned largestOf(unsigned mask, const float x[E]) {
	unsigned m = __float_as_uint(fabsf(x[0]));
#pragma unroll
	for (int i = 1; i < E; i++) {
		unsigned v = __float_as_uint(fabsf(x[i]));
		m = v > m ? v : m;
	}
	return warpMax(mask, m);
}

/* x = x*2^ex + c*y*2^ey as mantissas and exponent e. Both are aligned to the larger magnitude when the common exponent would
 * leave the range of scales. The maximum is over the lanes of mask. */
template <int E>
__device__ __forceinline__ void addScaled(unsigned mask, float x[E], i64 ex, float c, const float y[E], i64 ey, i64 &e, float &largest) {
	float r[E];
	e = ex > ey ? ex : ey;
#pragma unroll
	for (int i = 0; i < E; i++) r[i] = fmaf(c * powerOfTwo(ey - e), y[i], x[i] * powerOfTwo(ex - e));
	largest = __uint_as_float(largestOf<E>(mask, r));
	const float low = 0x1p-32f, high = 0x1p32f;
	if (!(largest >= low && largest <= high)) { /* all lanes of the vector agree */
		float cy[E];
#pragma unroll
		for (int i = 0; i < E; i++) cy[i] = c * y[i];
		unsigned mx = largestOf<E>(mask, x), my = largestOf<E>(mask, cy), m = 0;
		if (mx != 0 || my != 0) {
			int kx = exponentOf(mx), ky = exponentOf(my);
			i64 tx = mx ? ex + kx : -(1LL << 62), ty = my ? ey + ky : -(1LL << 62);
			e = tx > ty ? tx : ty;
			float fx = powerOfTwo(tx - e), fy = powerOfTwo(ty - e);
#pragma unroll
			for (int i = 0; i < E; i++) r[i] = (mx ? lowered(x[i], kx) : 0.0f) * fx + (my ? lowered(cy[i], ky) : 0.0f) * fy;
			m = largestOf<E>(mask, r);
		}
		if (m == 0) {
			e = 0;
#pragma unroll
			for (int i = 0; i < E; i++) r[i] = 0.0f;
		} else if (exponentOf(m) < -32) { /* the operands cancelled */
			int k = exponentOf(m);
#pragma unroll
			for (int i = 0; i < E; i++) r[i] = lowered(r[i], k);
			e += k;
			m = largestOf<E>(mask, r);
		}
		largest = __uint_as_float(m);
	}
#pragma unroll
	for (int i = 0; i < E; i++) x[i] = r[i];
}

/* y = x M for the columns of M in registers, with x across the lanes from base on */
template <int L, int E>
__device__ __forceinline__ void product(unsigned mask, const float x[E], const float m[L * E][E], int base, float y[E]) {
	float p[E][4];
#pragma unroll
	for (int k = 0; k < E; k++)
#pragma unroll
		for (int i = 0; i < 4; i++) p[k][i] = 0.0f;
#pragma unroll
	for (int i = 0; i < L * E; i++) {
		float v = __shfl_sync(mask, x[i / L], base + i % L);
#pragma unroll
		for (int k = 0; k < E; k++) p[k][i % 4] = fmaf(v, m[i][k], p[k][i % 4]);
	}
#pragma unroll
	for (int k = 0; k < E; k++) y[k] = (p[k][0] + p[k][1]) + (p[k][2] + p[k][3]);
}

/* The place of a thread: its vector row of B*N, or beyond, its lane j, and the lanes of the vector. */
#define PLACE(L)                                                                    \
	int j = THREAD_X % L, base = THREAD_X % 32 / L * L;                         \
	int row = BLOCK_X * (128 / L) + THREAD_X / L, b = row / N, n = row % N;     \
	unsigned mask = L == 32 ? ~0u : ((1u << (L % 32)) - 1) << base;             \
	if (row >= B * N) return

/* number i of vector at of an array [..., D], 0 beyond D */
#define AT(array, at, i) ((i) < D ? (array)[(at) * (i64)D + (i)] : 0.0f)

template <int L, int E>
__device__ __forceinline__ void forward(int B, int T, int N, int D, const float *u, const float *A, const i64 *exponentA, const float *x0,
                                        const i64 *exponent0, const int *reset, float *z, float *largest, i64 *exponent) {
	PLACE(L);
	float a[L * E][E];
#pragma unroll
	for (int i = 0; i < L * E; i++)
#pragma unroll
		for (int k = 0; k < E; k++) a[i][k] = i < D ? AT(A, i, j + k * L) : 0.0f;
	i64 ea = *exponentA, e = exponent0[n], at = (i64)b * T * N + n;
	float x[E], ahead[AHEAD][E];
	int begins[AHEAD];
	reset = reset ? reset + (i64)b * T : reset;
#pragma unroll
	for (int k = 0; k < E; k++) x[k] = AT(x0, n, j + k * L);
#pragma unroll
	for (int p = 0; p < AHEAD; p++) {
		begins[p] = reset && p < T ? reset[p] : 0;
#pragma unroll
		for (int k = 0; k < E; k++) ahead[p][k] = p < T ? AT(u, at + (i64)p * N, j + k * L) : 0.0f;
	}
#pragma unroll 1
	for (int t = 0; t < T; t++, at += N) {
		float now[E], next[E], m;
#pragma unroll
		for (int k = 0; k < E; k++) {
			now[k] = ahead[0][k];
#pragma unroll
			for (int p = 1; p < AHEAD; p++) ahead[p - 1][k] = ahead[p][k];
			if (t + AHEAD < T) ahead[AHEAD - 1][k] = AT(u, at + (i64)AHEAD * N, j + k * L);
		}
		int begin = begins[0];
#pragma unroll
		for (int p = 1; p < AHEAD; p++) begins[p - 1] = begins[p];
		if (reset && t + AHEAD < T) begins[AHEAD - 1] = reset[t + AHEAD];
		if (begin) {
			e = exponent0[n];
#pragma unroll
			for (int k = 0; k < E; k++) x[k] = AT(x0, n, j + k * L);
		}
		product<L, E>(mask, x, a, base, next);
		addScaled<E>(mask, next, e + ea, 1.0f, now, 0, e, m);
		float scale = m == 0.0f ? 0.0f : 7.3890561f / m;
#pragma unroll
		for (int k = 0; k < E; k++) {
			x[k] = next[k];
			if (j + k * L < D) z[at * D + j + k * L] = scale * x[k];
		}
		if (j == 0) {
			largest[at] = m;
			exponent[at] = e;
		}
	}
}

/* The adjoint l_t = e^2 dz_t / m_t * 2^-e_t + l_{t+1} A^T; du_t = l_t. kept_t is l_t times the scale of x_{t-1}, with which dA
 * is the sum of z_{t-1}^T kept_t, where x0 stands for z before the first step of a document. A document's l_t A^T at its first
 * step goes to dx0 of the sequence, [B,N,D]. */
template <int L, int E>
__device__ __forceinline__ void backward(int B, int T, int N, int D, const float *dz, const float *A, const i64 *exponentA, const i64 *exponent0,
                                         const int *reset, const float *largest, const i64 *exponent, float *du, float *kept, float *dx0) {
	PLACE(L);
	float a[L * E][E]; /* columns of the transpose: rows of A */
#pragma unroll
	for (int i = 0; i < L * E; i++)
#pragma unroll
		for (int k = 0; k < E; k++) a[i][k] = i < D && j + k * L < D ? A[(j + k * L) * D + i] : 0.0f;
	float p[E], toOrigin[E], ahead[AHEAD][E], aheadLargest[AHEAD];
	int begins[AHEAD];
	reset = reset ? reset + (i64)b * T : reset;
	i64 aheadExponent[AHEAD], ea = *exponentA, f = 0, at = ((i64)b * T + T - 1) * N + n;
#pragma unroll
	for (int k = 0; k < E; k++) p[k] = toOrigin[k] = 0.0f;
	/* step t reads dz of its own, and largest and exponent of its own and of the step before */
	float m = largest[at];
	i64 e = exponent[at];
#pragma unroll
	for (int s = 0; s < AHEAD; s++) {
#pragma unroll
		for (int k = 0; k < E; k++) ahead[s][k] = s < T ? AT(dz, at - (i64)s * N, j + k * L) : 0.0f;
		begins[s] = reset && s < T ? reset[T - 1 - s] : 0;
		aheadLargest[s] = s + 1 < T ? largest[at - (i64)(s + 1) * N] : 0.0f;
		aheadExponent[s] = s + 1 < T ? exponent[at - (i64)(s + 1) * N] : 0;
	}
#pragma unroll 1
	for (int t = T - 1; t >= 0; t--, at -= N) {
		float now[E], beforeLargest = aheadLargest[0], top;
		i64 beforeExponent = aheadExponent[0];
#pragma unroll
		for (int k = 0; k < E; k++) now[k] = ahead[0][k];
#pragma unroll
		for (int s = 1; s < AHEAD; s++) {
#pragma unroll
			for (int k = 0; k < E; k++) ahead[s - 1][k] = ahead[s][k];
			aheadLargest[s - 1] = aheadLargest[s];
			aheadExponent[s - 1] = aheadExponent[s];
		}
		bool begin = t == 0 || begins[0];
#pragma unroll
		for (int s = 1; s < AHEAD; s++) begins[s - 1] = begins[s];
		if (t >= AHEAD) {
			if (reset) begins[AHEAD - 1] = reset[t - AHEAD];
#pragma unroll
			for (int k = 0; k < E; k++) ahead[AHEAD - 1][k] = AT(dz, at - (i64)AHEAD * N, j + k * L);
		}
		if (t > AHEAD) {
			aheadLargest[AHEAD - 1] = largest[at - (i64)(AHEAD + 1) * N];
			aheadExponent[AHEAD - 1] = exponent[at - (i64)(AHEAD + 1) * N];
		}
		addScaled<E>(mask, p, f, m == 0.0f ? 0.0f : 7.3890561f / m, now, -e, f, top);
		i64 before = begin ? exponent0[n] : beforeExponent;
		float scale = begin ? 1.0f : beforeLargest / 7.3890561f, l[E];
#pragma unroll
		for (int k = 0; k < E; k++) {
			l[k] = p[k];
			if (j + k * L < D) {
				du[at * D + j + k * L] = saturated(l[k], f);
				kept[at * D + j + k * L] = saturated(l[k], f + before) * scale;
			}
		}
		product<L, E>(mask, l, a, base, p);
		f += ea;
		if (begin) {
#pragma unroll
			for (int k = 0; k < E; k++) {
				toOrigin[k] += saturated(p[k], f);
				p[k] = 0.0f;
			}
			f = 0;
		}
		m = beforeLargest;
		e = beforeExponent;
	}
#pragma unroll
	for (int k = 0; k < E; k++)
		if (j + k * L < D) dx0[(i64)row * D + j + k * L] = toOrigin[k];
}

#define RECURRENCE(name, L, E)                                                                                                                 \
	extern "C" __global__ void __launch_bounds__(128) recurrence_forward_##name(int B, int T, int N, int D, const float *u, const float *A,  \
	        const i64 *exponentA, const float *x0, const i64 *exponent0, const int *reset, float *z, float *largest, i64 *exponent) {        \
		forward<L, E>(B, T, N, D, u, A, exponentA, x0, exponent0, reset, z, largest, exponent);                                       \
	}                                                                                                                                      \
	extern "C" __global__ void __launch_bounds__(128) recurrence_backward_##name(int B, int T, int N, int D, const float *dz, const float *A, \
	        const i64 *exponentA, const i64 *exponent0, const int *reset, const float *largest, const i64 *exponent, float *du, float *kept,  \
	        float *dx0) {                                                                                                                  \
		backward<L, E>(B, T, N, D, dz, A, exponentA, exponent0, reset, largest, exponent, du, kept, dx0);                             \
	}
RECURRENCE(8, 8, 1)
RECURRENCE(16, 16, 1)
RECURRENCE(32, 32, 1)
RECURRENCE(64, 32, 2)

/* Copies rows of width numbers as mantissas and an exponent, which is 0 for every row whose largest number lies in [2^-32, 2^32],
 * is 0, or is not finite. A block of 128 threads takes a row. */
extern "C" __global__ void __launch_bounds__(128) normalize_rows(int width, const float *x, float *mantissa, i64 *exponent) {
	__shared__ unsigned tops[4];
	int t = THREAD_X;
	x += (i64)BLOCK_X * width;
	mantissa += (i64)BLOCK_X * width;
	unsigned m = 0;
	for (int i = t; i < width; i += 128) {
		unsigned v = __float_as_uint(fabsf(x[i]));
		m = v > m ? v : m;
	}
	m = warpMax(~0u, m);
	if (t % 32 == 0) tops[t / 32] = m;
	__syncthreads();
#pragma unroll
	for (int w = 0; w < 4; w++) m = tops[w] > m ? tops[w] : m;
	float largest = __uint_as_float(m);
	bool keep = m == 0 || (largest >= 0x1p-32f && largest <= 0x1p32f) || m >= 0x7f800000u;
	int k = keep ? 0 : exponentOf(m);
	for (int i = t; i < width; i += 128) mantissa[i] = keep ? x[i] : lowered(x[i], k);
	if (t == 0) exponent[BLOCK_X] = k;
}

enum { TILE = 32 };

/* partial [blocks, D, D] = sums over perBlock of the R = B*T*N vectors of before^T kept, where before is z of the step before,
 * or x0 at the first of a document. A tile of vectors lies in shared memory; thread (x, y) of 16 by 16 adds up S by S numbers of
 * the product, so S^2 multiplications read 2 S numbers of it. That is the limit for small D, and memory for large ones. */
template <int S>
__device__ __forceinline__ void matrix(int T, int N, int D, i64 vectors, int perBlock, const float *z, const float *x0, const int *reset,
                                       const float *kept, float *partial) {
	__shared__ float before[TILE][16 * S], after[TILE][16 * S];
	__shared__ i64 sources[TILE]; /* of before: in z, or, less 1 and negative, in x0 */
	int x = THREAD_X % 16, y = THREAD_X / 16;
	i64 first = (i64)BLOCK_X * perBlock, last = first + perBlock < vectors ? first + perBlock : vectors;
	float sum[S][S];
#pragma unroll
	for (int i = 0; i < S; i++)
#pragma unroll
		for (int k = 0; k < S; k++) sum[i][k] = 0.0f;
#pragma unroll 1
	for (i64 from = first; from < last; from += TILE) {
		int count = last - from < TILE ? (int)(last - from) : TILE;
		if (THREAD_X < count) {
			i64 v = from + THREAD_X, step = v / N;
			bool begins = step % T == 0 || (reset && reset[step]);
			sources[THREAD_X] = begins ? -1 - v % N * D : (v - N) * D;
		}
		__syncthreads();
#pragma unroll
		for (int e = 0; e < 2 * S; e++) { /* rows of 16 S, of which D are used */
			int p = THREAD_X + 256 * e, r = p / (16 * S), i = p % (16 * S);
			bool has = r < count && i < D;
			i64 source = has ? sources[r] : 0;
			before[r][i] = !has ? 0.0f : source < 0 ? x0[-1 - source + i] : z[source + i];
			after[r][i] = has ? kept[(from + r) * D + i] : 0.0f;
		}
		__syncthreads();
#pragma unroll 4
		for (int r = 0; r < TILE; r++) {
			float b[S], a[S];
#pragma unroll
			for (int i = 0; i < S; i++) b[i] = before[r][y + 16 * i], a[i] = after[r][x + 16 * i];
#pragma unroll
			for (int i = 0; i < S; i++)
#pragma unroll
				for (int k = 0; k < S; k++) sum[i][k] = fmaf(b[i], a[k], sum[i][k]);
		}
		__syncthreads();
	}
	partial += (i64)BLOCK_X * D * D;
#pragma unroll
	for (int i = 0; i < S; i++)
#pragma unroll
		for (int k = 0; k < S; k++)
			if (y + 16 * i < D && x + 16 * k < D) partial[(y + 16 * i) * D + x + 16 * k] = sum[i][k];
}

#define MATRIX(name, S)                                                                                                                \
	extern "C" __global__ void __launch_bounds__(256) recurrence_matrix_##name(int T, int N, int D, i64 vectors, int perBlock,      \
	        const float *z, const float *x0, const int *reset, const float *kept, float *partial) {                                \
		matrix<S>(T, N, D, vectors, perBlock, z, x0, reset, kept, partial);                                                    \
	}
MATRIX(16, 1)
MATRIX(32, 2)
MATRIX(64, 4)
