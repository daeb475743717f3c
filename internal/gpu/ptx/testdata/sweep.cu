// Kernels that together use the instructions that clang emits for ordinary CUDA C++. sweep_test.go has the same in Go.
// build.sh compiles them.
#define KERNEL extern "C" __attribute__((global)) void
#define I ((int)__nvvm_read_ptx_sreg_tid_x())
typedef long long i64;
typedef unsigned long long u64;
typedef unsigned u32;

KERNEL ints(const int *a, const int *b, int *o) {
	int x = a[I], y = b[I];
	o += 32 * I;
	o[0] = x / y;
	o[1] = x % y;
	o[2] = x << (y & 31);
	o[3] = x >> (y & 31);
	o[4] = (u32)x >> (y & 31);
	o[5] = (u32)x / (u32)y;
	o[6] = (u32)x % (u32)y;
	o[7] = x < y ? x : y;
	o[8] = __builtin_abs(x);
	o[9] = __builtin_popcount(x);
	o[10] = __builtin_clz(x);
	o[11] = __builtin_ctz(x);
	o[12] = __builtin_bswap32(x);
	o[13] = __builtin_bitreverse32(x);
	o[14] = __builtin_rotateleft32(x, y);
	o[15] = x >> 7 & 15;
	o[16] = (i64)x * y >> 32;
	o[17] = (u64)(u32)x * (u32)y >> 32;
	o[18] = !x;
	o[19] = ~x ^ y;
	o[20] = (x << 8) >> 8;
	o[21] = x > y || y == 3;
	o[22] = (u32)x > (u32)y ? 7 : x;
	o[23] = (x & 0xff00) | (y & 0xff);
	o[24] = (signed char)x * (unsigned char)y;
	o[25] = (short)x - (unsigned short)y;
	o[26] = x * y + 5;
	o[27] = (short)x / (short)(y | 1);
	o[28] = (short)(x + y) >> 3;
	o[29] = (unsigned short)(x * y) >> 3;
	o[30] = x != y;
	o[31] = -x;
}

KERNEL longs(const i64 *a, const i64 *b, i64 *o) {
	i64 x = a[I], y = b[I];
	o += 24 * I;
	o[0] = x / y;
	o[1] = x % y;
	o[2] = x << (y & 63);
	o[3] = x >> (y & 63);
	o[4] = (u64)x >> (y & 63);
	o[5] = (u64)x / (u64)y;
	o[6] = (u64)x % (u64)y;
	o[7] = x < y ? x : y;
	o[8] = x < 0 ? -x : x;
	o[9] = __builtin_popcountll(x);
	o[10] = __builtin_clzll(x);
	o[11] = __builtin_ctzll(x);
	o[12] = __builtin_bswap64(x);
	o[13] = __builtin_bitreverse64(x);
	o[14] = __builtin_rotateleft64(x, y);
	o[15] = x >> 7 & 15;
	o[16] = (__int128)x * y >> 64;
	o[17] = (unsigned __int128)(u64)x * (u64)y >> 64;
	o[18] = ((__int128)x + ((__int128)y << 3)) >> 5;
	o[19] = ((__int128)x - ((__int128)y << 60)) >> 64;
	o[20] = (x << 8) >> 8;
	o[21] = (u64)x > (u64)y ? x : y;
	o[22] = x * 3 + y;
	o[23] = (int)x * (i64)(int)y + (x == y);
}

KERNEL floats(const float *a, const float *b, float *o) {
	float x = a[I], y = b[I];
	o += 32 * I;
	o[0] = x / y;
	o[1] = __builtin_sqrtf(x);
	o[2] = __builtin_fminf(x, y);
	o[3] = __builtin_fmaxf(x, y);
	o[4] = __builtin_floorf(x);
	o[5] = __builtin_ceilf(x);
	o[6] = __builtin_truncf(x);
	o[7] = __builtin_rintf(x);
	o[8] = __builtin_copysignf(x, y);
	o[9] = -x;
	o[10] = __builtin_fabsf(x);
	o[11] = x < y;
	o[12] = x != y;
	o[13] = __builtin_isnan(x);
	o[14] = __builtin_isinf(x);
	o[15] = __builtin_isgreater(x, y);
	o[16] = __builtin_isunordered(x, y);
	o[17] = !(x < y);
	o[18] = !(x >= y);
	o[19] = x > y ? x : y;
	o[20] = 1 / x;
	o[21] = __builtin_fmaf(x, y, x);
	o[22] = x + y;
	o[23] = x - y;
	o[24] = x * y;
	o[25] = (int)x;
	o[26] = (u32)x;
	o[27] = (i64)x;
	o[28] = (u64)x;
	o[29] = (double)x * (double)y;
	o[30] = (short)x;
	o[31] = __nvvm_add_rz_f(x, y);
}

KERNEL doubles(const double *a, const double *b, double *o) {
	double x = a[I], y = b[I];
	o += 32 * I;
	o[0] = x / y;
	o[1] = __builtin_sqrt(x);
	o[2] = __builtin_fmin(x, y);
	o[3] = __builtin_fmax(x, y);
	o[4] = __builtin_floor(x);
	o[5] = __builtin_ceil(x);
	o[6] = __builtin_trunc(x);
	o[7] = __builtin_rint(x);
	o[8] = __builtin_copysign(x, y);
	o[9] = -x;
	o[10] = __builtin_fabs(x);
	o[11] = x < y;
	o[12] = x != y;
	o[13] = __builtin_isnan(x);
	o[14] = __builtin_isinf(x);
	o[15] = __builtin_isgreater(x, y);
	o[16] = __builtin_isunordered(x, y);
	o[17] = !(x < y);
	o[18] = !(x >= y);
	o[19] = x > y ? x : y;
	o[20] = 1 / x;
	o[21] = __builtin_fma(x, y, x);
	o[22] = x + y;
	o[23] = x - y;
	o[24] = x * y;
	o[25] = (int)x;
	o[26] = (u32)x;
	o[27] = (i64)x;
	o[28] = (u64)x;
	o[29] = (float)x;
	o[30] = (float)(i64)x;
	o[31] = __builtin_bit_cast(double, __builtin_bit_cast(i64, x) + (1ll << 52));
}

static __attribute__((device)) const float floatTable[5] = {1, 2, 3, 4, 5.5f};
static __attribute__((device)) const double doubleTable[3] = {1.5, 2.5, 1e300};
static __attribute__((device)) const unsigned char byteTable[7] = {1, 2, 3, 4, 5, 6, 200};
static __attribute__((device)) float variable[4] = {0, 0, 7, 0};

KERNEL tables(const int *a, double *o) {
	int i = a[I];
	o[I] = floatTable[i % 5] + doubleTable[i % 2] + byteTable[i % 7] + variable[i % 4];
	if (I == 0) variable[2] = 8;
}

KERNEL locals(const int *a, int *o, int n) {
	int t[40];
	for (int i = 0; i < 40; i++) t[i] = i;
	for (int i = 0; i < n; i++) t[a[i]] += i * I;
	o[I] = 0;
	for (int i = 0; i < 40; i++) o[I] = o[I] * 3 + t[i];
}

KERNEL pointers(const int *a, int *o) {
	__attribute__((shared)) static int s[32];
	int l[32];
	for (int i = 0; i < 32; i++) l[i] = 10 * i + a[i];
	s[I] = I;
	__nvvm_bar_warp_sync(~0u);
	int *p = a[I] % 3 == 0 ? s : a[I] % 3 == 1 ? l : (int *)a; // generic addresses
	o[I] = p[a[I] % 32];
}

KERNEL switches(const int *a, int *o) {
	switch (a[I]) {
	case 0: o[I] = 3; break;
	case 1: o[I] = a[4] + 1; break;
	case 2: o[I] = a[5] * 3; break;
	case 3: o[I] = a[1] / 7; break;
	case 4: o[I] = 8; break;
	case 9: o[I] = a[1]; break;
	default: o[I] = -1;
	}
}

typedef int int4v __attribute__((ext_vector_type(4), aligned(16)));
typedef double double2v __attribute__((ext_vector_type(2), aligned(16)));
typedef unsigned char uchar4v __attribute__((ext_vector_type(4), aligned(4)));
typedef unsigned short ushort4v __attribute__((ext_vector_type(4), aligned(8)));

KERNEL vectors(int4v *e, double2v *d, uchar4v *c, ushort4v *s, const signed char *__restrict b, const short *__restrict h, bool *f) {
	e[I] = e[I] * e[I] + 5;
	d[I] = d[I] * 2.0;
	c[I] = c[I] + (uchar4v)(250);
	s[I] = s[I] - (ushort4v)(7);
	f[I] = b[I] > h[I];
}

KERNEL parameters(unsigned char c, short s, bool f, float g, double d, i64 l, double *o) { *o = c + s + f + g + d + l; }

KERNEL warps(const int *a, int *o) {
	int x = a[I];
	o += 24 * I;
	o[0] = __nvvm_shfl_sync_bfly_i32(~0u, x, 5, 31);
	o[1] = __nvvm_shfl_sync_up_i32(~0u, x, 3, 0);
	o[2] = __nvvm_shfl_sync_down_i32(~0u, x, 3, 31);
	o[3] = __nvvm_shfl_sync_idx_i32(~0u, x, x & 7, 31);
	o[4] = __nvvm_shfl_sync_down_i32(~0u, x, 1, 0x181f); // within 8 lanes
	o[5] = __nvvm_vote_any_sync(~0u, x > 20);
	o[6] = __nvvm_vote_all_sync(~0u, x > 20);
	o[7] = __nvvm_vote_ballot_sync(~0u, x > 20);
	o[8] = __nvvm_vote_uni_sync(~0u, x > 20);
	o[9] = __nvvm_redux_sync_add(x, ~0u);
	o[10] = __nvvm_redux_sync_min(-x, ~0u);
	o[11] = __nvvm_redux_sync_umax(-x, ~0u);
	o[12] = __nvvm_redux_sync_and(x | 64, ~0u);
	o[13] = __nvvm_redux_sync_xor(x, ~0u);
	o[14] = __nvvm_redux_sync_or(x, ~0u);
	o[15] = __nvvm_match_any_sync_i32(~0u, x & 3);
	o[16] = __nvvm_read_ptx_sreg_lanemask_lt();
	o[17] = __nvvm_bar0_popc(x > 20);
	o[18] = __nvvm_bar0_and(x > 20);
	o[19] = __nvvm_bar0_or(x > 20);
	if (I & 1) {
		o[20] = __nvvm_activemask();
		o[21] = __nvvm_shfl_sync_bfly_i32(0xaaaaaaaa, x, 2, 31);
		o[22] = __nvvm_redux_sync_add(x, 0xaaaaaaaa);
	} else {
		o[20] = 0;
		o[21] = __nvvm_shfl_sync_bfly_i32(0x55555555, x, 4, 31);
		o[22] = 0;
	}
	__nvvm_membar_gl();
	__nvvm_membar_cta();
	float h = __builtin_bit_cast(float, x);
	o[23] = __builtin_bit_cast(int, __nvvm_shfl_sync_bfly_f32(~0u, h, 1, 31));
}
