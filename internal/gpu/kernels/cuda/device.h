/* What the kernels need of CUDA C++, for clang -x cuda --cuda-device-only -nocudainc -nocudalib: no CUDA toolkit, no libdevice. */
#pragma once

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __restrict__ __restrict

#define THREAD_X ((int)__nvvm_read_ptx_sreg_tid_x())
#define BLOCK_X ((int)__nvvm_read_ptx_sreg_ctaid_x())
#define BLOCK_Y ((int)__nvvm_read_ptx_sreg_ctaid_y())
#define BLOCK_Z ((int)__nvvm_read_ptx_sreg_ctaid_z())
#define THREADS_X ((int)__nvvm_read_ptx_sreg_ntid_x())
#define BLOCKS_X ((int)__nvvm_read_ptx_sreg_nctaid_x())
#define BLOCKS_Y ((int)__nvvm_read_ptx_sreg_nctaid_y())

__device__ __forceinline__ void __syncwarp(unsigned mask = ~0u) { __nvvm_bar_warp_sync(mask); }
__device__ __forceinline__ float __shfl_xor_sync(unsigned mask, float v, int lane) { return __nvvm_shfl_sync_bfly_f32(mask, v, lane, 31); }
__device__ __forceinline__ float __shfl_sync(unsigned mask, float v, int lane) { return __nvvm_shfl_sync_idx_f32(mask, v, lane, 31); }
__device__ __forceinline__ float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
__device__ __forceinline__ float fabsf(float a) { return __builtin_fabsf(a); }
__device__ __forceinline__ float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
__device__ __forceinline__ float fminf(float a, float b) { return __builtin_fminf(a, b); }
__device__ __forceinline__ float sqrtf(float a) { return __builtin_sqrtf(a); }
__device__ __forceinline__ unsigned __float_as_uint(float a) { return __builtin_bit_cast(unsigned, a); }
__device__ __forceinline__ float __uint_as_float(unsigned a) { return __builtin_bit_cast(float, a); }
typedef float float4 __attribute__((ext_vector_type(4), aligned(16)));
typedef float float2 __attribute__((ext_vector_type(2), aligned(8)));

/* 16 bytes at once. Through a function, since clang takes the alignment of a cast from the array it sees. */
__device__ __forceinline__ void load4(float *dst, const float *p) {
	float4 v = *(const float4 *)p;
	dst[0] = v.x, dst[1] = v.y, dst[2] = v.z, dst[3] = v.w;
}

/* The largest of v over the lanes of mask, all of one warp; for floats of one sign the order of bits is
 * the order of values. */
__device__ __forceinline__ unsigned warpMax(unsigned mask, unsigned v) {
	unsigned r;
	asm volatile("redux.sync.max.u32 %0, %1, %2;" : "=r"(r) : "r"(v), "r"(mask));
	return r;
}
__device__ __forceinline__ unsigned toTF32(float a) {
	unsigned r;
	asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(a));
	return r;
}
/* two floats as a pair of bfloat16, lo in the low half */
__device__ __forceinline__ unsigned toBF16(float lo, float hi) {
	unsigned r;
	asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
	return r;
}
/* d[16,8] += a[16,8] b[8,8] across a warp */
__device__ __forceinline__ void mmaTF32(float d[4], const unsigned a[4], const unsigned b[2]) {
	asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
		: "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
		: "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
/* d[16,8] += a[16,16] b[16,8] across a warp */
__device__ __forceinline__ void mmaBF16(float d[4], const unsigned a[4], const unsigned b[2]) {
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
		: "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
		: "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
