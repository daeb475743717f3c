/* Elementary functions from instructions that IEEE 754 defines to the bit, so that every device gives the same numbers.
 * They are within 2 units in the last place. NaN gives NaN. */
#pragma once
#include "device.h"

/* 2^n for -126 <= n <= 127 */
__device__ __forceinline__ float power2(int n) { return __uint_as_float((unsigned)(n + 127) << 23); }

/* exp(x) = 2^n exp(r) with |r| <= ln(2)/2, where seven terms of the series leave 5e-9. */
__device__ __forceinline__ float exponential(float x) {
	const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, which is then in the low bits */
	x = x > 89.0f ? 89.0f : x;
	x = x < -104.0f ? -104.0f : x;
	float t = fmaf(x, 1.44269502f, magic);
	int n = (int)(__float_as_uint(t) - __float_as_uint(magic));
	t -= magic;
	float r = fmaf(t, 1.90465432e-9f, fmaf(t, -0.693147182f, x));
	float p = 1.98412698e-4f;
	p = fmaf(p, r, 1.38888889e-3f);
	p = fmaf(p, r, 8.33333333e-3f);
	p = fmaf(p, r, 4.16666667e-2f);
	p = fmaf(p, r, 0.166666667f);
	p = fmaf(p, r, 0.5f);
	p = fmaf(p, r, 1.0f);
	p = fmaf(p, r, 1.0f);
	int half = n >> 1; /* in two steps: 2^n may be beyond the range of floats where exp(x) is not */
	return p * power2(half) * power2(n - half);
}

/* ln(x) = e ln(2) + ln(1+f) with sqrt(1/2) <= 1+f < sqrt(2), and ln(1+f) = 2 artanh(s) with s = f/(2+f), in a form that
 * keeps the digits of a small f. */
__device__ __forceinline__ float logarithm(float x) {
	int e = 0;
	if (x < 0x1p-126f && x > 0.0f) {
		x *= 0x1p24f;
		e = -24;
	}
	unsigned bits = __float_as_uint(x);
	if (x <= 0.0f || bits >= 0x7f800000u) /* also NaN */
		return x == 0.0f ? __uint_as_float(0xff800000u) : x < 0.0f ? __uint_as_float(0x7fc00000u) : x;
	int shift = (int)(bits - 0x3f3504f3u) >> 23; /* 0x3f3504f3 is sqrt(1/2) */
	e += shift;
	float f = __uint_as_float(bits - ((unsigned)shift << 23)) - 1.0f;
	float s = f / (2.0f + f), z = s * s, half = 0.5f * f * f;
	float r = 0.222222222f;
	r = fmaf(r, z, 0.285714286f);
	r = fmaf(r, z, 0.4f);
	r = fmaf(r, z, 0.666666667f) * z;
	float d = (float)e;
	return fmaf(d, 0.693145752f, f - (half - fmaf(s, half + r, d * 1.42860677e-6f)));
}

/* ln(1+x): the logarithm of the rounded sum, and what the rounding left out. */
__device__ __forceinline__ float logarithm1p(float x) {
	float u = 1.0f + x;
	if (u == 1.0f) return x;
	if (!(u <= 0x1.fffffep127f)) return u; /* infinite, or NaN */
	float l = logarithm(u);
	return u > 0.0f ? l + (x - (u - 1.0f)) / u : l;
}

/* 1/(1+exp(-x)) */
__device__ __forceinline__ float sigmoid(float x) {
	float e = exponential(-fabsf(x));
	return (x >= 0.0f ? 1.0f : e) / (1.0f + e);
}

/* ln(1/(1+exp(-x))) */
__device__ __forceinline__ float logSigmoid(float x) {
	return (x < 0.0f ? x : 0.0f) - logarithm1p(exponential(-fabsf(x)));
}

/* x s, where s is a sigmoid that is 0 below -200, also if x is minus infinity. */
__device__ __forceinline__ float gated(float x, float s) { return fmaxf(x, -200.0f) * s; }

/* The derivative of x s with s = sigmoid(x), which is 0 or 1 beyond 200. */
__device__ __forceinline__ float siluSlope(float x, float s) { return s * fmaf(fminf(fmaxf(x, -200.0f), 200.0f), 1.0f - s, 1.0f); }
