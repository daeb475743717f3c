// Products of matrices, small, for product_test.go and faults_test.go; build.sh compiles them.
#define KERNEL extern "C" __attribute__((global)) void
#define SHARED __attribute__((shared, aligned(16)))
#define THREAD ((int)__nvvm_read_ptx_sreg_tid_x())
#define BLOCK_X ((int)__nvvm_read_ptx_sreg_ctaid_x())
#define BLOCK_Y ((int)__nvvm_read_ptx_sreg_ctaid_y())
typedef unsigned u32;

// c [m,n] = a [m,k] b [k,n] by blocks of 256 threads for tiles of 32 x 32, in steps of 16 with two stages of shared memory.
KERNEL __attribute__((launch_bounds(256))) product(int m, int n, int k, const float *a, const float *b, float *c) {
	SHARED static float as[2][32][17], bs[2][16][32];
	int x = THREAD % 32, y = THREAD / 32, row = 32 * BLOCK_Y, column = 32 * BLOCK_X;
	float sum[4] = {};
	for (int from = 0, stage = 0; from < k; from += 16, stage ^= 1) {
		for (int i = THREAD; i < 512; i += 256) {
			int r = row + i / 16, l = from + i % 16;
			as[stage][i / 16][i % 16] = r < m && l < k ? a[r * k + l] : 0;
			int s = column + i % 32, t = from + i / 32;
			bs[stage][i / 32][i % 32] = s < n && t < k ? b[t * n + s] : 0;
		}
		__syncthreads();
		for (int l = 0; l < 16; l++)
			for (int i = 0; i < 4; i++) sum[i] = __builtin_fmaf(as[stage][y + 8 * i][l], bs[stage][l][x], sum[i]);
	}
	for (int i = 0; i < 4; i++)
		if (row + y + 8 * i < m && column + x < n) c[(row + y + 8 * i) * n + column + x] = sum[i];
}

// d [16,8] = a [16,8] b [8,8] + d of tf32, by one warp.
KERNEL tensor(const u32 *a, const u32 *b, float *d) {
	int g = THREAD / 4, q = THREAD % 4;
	float *p = d + 8 * g + 2 * q, *r = p + 64;
	asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
		: "+f"(p[0]), "+f"(p[1]), "+f"(r[0]), "+f"(r[1])
		: "r"(a[8 * g + q]), "r"(a[8 * g + 64 + q]), "r"(a[8 * g + q + 4]), "r"(a[8 * g + 68 + q]), "r"(b[8 * q + g]), "r"(b[8 * q + 32 + g]));
}

// d [16,8] = a [16,16] b [16,8] of bf16, by one warp, which copies a and b to shared memory without waiting.
KERNEL matrices(const unsigned short *a, const unsigned short *b, float *d) {
	SHARED static unsigned short s[16 * 16 + 16 * 8];
	int lane = THREAD, g = lane / 4, q = lane % 4;
	u32 at = (u32)(unsigned long long)(__attribute__((address_space(3))) unsigned short *)s;
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(at + 16 * lane), "l"(a + 8 * lane));
	asm volatile("cp.async.commit_group;");
	if (lane < 16) asm volatile("cp.async.ca.shared.global [%0], [%1], 16, 16;" :: "r"(at + 512 + 16 * lane), "l"(b + 8 * lane));
	asm volatile("cp.async.commit_group;");
	asm volatile("cp.async.wait_group 0;");
	__nvvm_bar_warp_sync(~0u);
	u32 x[4], y[2];
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
		: "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]) : "r"(at + 32 * (lane % 16) + lane / 16 * 16));
	asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(y[0]), "=r"(y[1]) : "r"(at + 512 + 16 * (lane % 16)));
	float e[4] = {};
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
		: "+f"(e[0]), "+f"(e[1]), "+f"(e[2]), "+f"(e[3]) : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
	d[8 * g + 2 * q] = e[0], d[8 * g + 2 * q + 1] = e[1], d[8 * g + 2 * q + 64] = e[2], d[8 * g + 2 * q + 65] = e[3];
}
