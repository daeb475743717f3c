#include "math.h"
#include "rows.h"

/* Softmax cross-entropy of rows of logits. 2^shift threads take a row: a warp, or the block where rows are long. They read it
 * once for the loss, with a sum that is scaled anew when a larger logit comes, and once more for the gradients, which may be the
 * logits: memory is the limit. */

/* Of some logits: the largest, its first place, and the sum of exp(logit - top). Starts with the most negative number, not
 * with infinity, so that no difference of infinities arises from finite logits. */
struct Softmax {
	float top, sum;
	int place;

	__device__ __forceinline__ void add(const Softmax &b) {
		place = b.top > top || (b.top == top && b.place < place) ? b.place : place;
		float both = b.top > top ? b.top : top;
		sum = sum * exponential(top - both) + b.sum * exponential(b.top - both);
		top = both;
	}
};

__device__ __forceinline__ Softmax softmaxOf(int vocab, const float *logits, int shift) {
	__shared__ Softmax shared[8];
	enum { NOWHERE = 0x7fffffff };
	int lanes = 1 << shift;
	Softmax s = {-0x1.fffffep127f, 0.0f, NOWHERE};
#pragma unroll 1
	for (int j = THREAD_X & (lanes - 1); j < vocab; j += 4 * lanes) {
		float v[4], top = s.top;
#pragma unroll
		for (int e = 0; e < 4; e++) v[e] = j + e * lanes < vocab ? logits[j + e * lanes] : __uint_as_float(0xff800000u);
#pragma unroll
		for (int e = 0; e < 4; e++)
			if (v[e] > top) {
				top = v[e];
				s.place = j + e * lanes;
			}
		s.sum *= exponential(s.top - top);
#pragma unroll
		for (int e = 0; e < 4; e++) s.sum += exponential(v[e] - top);
		s.top = top;
	}
#pragma unroll 1
	for (int lane = 16; lane > 0; lane /= 2)
		s.add({__shfl_xor_sync(~0u, s.top, lane), __shfl_xor_sync(~0u, s.sum, lane),
		       (int)__float_as_uint(__shfl_xor_sync(~0u, __uint_as_float(s.place), lane))});
	if (shift == 8) {
		if (THREAD_X % 32 == 0) shared[THREAD_X / 32] = s;
		__syncthreads();
		s = shared[0];
#pragma unroll 1
		for (int w = 1; w < 8; w++) s.add(shared[w]);
	}
	s.place = s.place == NOWHERE ? 0 : s.place; /* none is a number above -infinity */
	return s;
}

/* Rows of logits are stride apart, as are those of grads = weight * dloss * (softmax - onehot(target)); grads may be 0 for none, and
 * dloss for 1. Of a row with target -1 nll is 0, best -1 and grads 0. */
KERNEL cross_entropy(int rows, int vocab, int stride, int shift, const float *logits, const int *targets, const float *weight,
                     const float *dloss, float *nll, int *best, float *grads) {
	EACH_ROW(row);
	if (row >= rows) return;
	int target = targets[row], first = THREAD_X & ((1 << shift) - 1);
	logits += row * stride;
	grads = grads ? grads + row * stride : grads;
	if (target < 0) {
		if (first == 0) {
			nll[row] = 0.0f;
			best[row] = -1;
		}
		if (grads) EACH_COLUMN(j, vocab) grads[j] = 0.0f;
		return;
	}
	float wanted = logits[target]; /* before another thread writes its gradient there */
	Softmax s = softmaxOf(vocab, logits, shift);
	if (first == 0) {
		nll[row] = logarithm(s.sum) + (s.top - wanted);
		best[row] = s.place;
	}
	if (!grads) return;
	float factor = dloss ? *weight * *dloss : *weight, share = factor / s.sum;
#pragma unroll 4
	EACH_COLUMN(j, vocab) {
		float g = exponential(logits[j] - s.top) * share;
		grads[j] = j == target ? g - factor : g;
	}
}

struct Outcome {
	double loss;
	long long counted, correct;
};

/* Adds up the losses of rows in float64 and counts, in one block. */
extern "C" __global__ void __launch_bounds__(1024) outcome(int rows, const int *targets, const float *nll, const int *best, const float *weight,
                                                           Outcome *of, float *loss) {
	__shared__ Outcome shared[1024];
	int t = THREAD_X;
	Outcome sum = {0, 0, 0};
#pragma unroll 4
	for (int r = t; r < rows; r += 1024) {
		int target = targets[r];
		sum.loss += nll[r]; /* 0 where there is no target */
		sum.counted += target >= 0;
		sum.correct += target >= 0 && best[r] == target;
	}
	shared[t] = sum;
	__syncthreads();
#pragma unroll 1
	for (int half = 512; half > 0; half /= 2) {
		if (t < half) {
			shared[t].loss += shared[t + half].loss;
			shared[t].counted += shared[t + half].counted;
			shared[t].correct += shared[t + half].correct;
		}
		__syncthreads();
	}
	if (t != 0) return;
	*of = shared[0];
	*loss = (float)(shared[0].loss * *weight);
}

extern "C" __global__ void __launch_bounds__(1) add_outcome(const Outcome *of, Outcome *totals) {
	totals->loss += of->loss;
	totals->counted += of->counted;
	totals->correct += of->correct;
}

/* y = factor x, with the factor on the device; y may be x, and nothing is done then if the factor is 1. */
KERNEL scaled(long long n, const float *factor, const float *x, float *y) {
	float f = *factor;
	if (f == 1.0f && x == y) return;
#pragma unroll 4
	for (long long i = (long long)BLOCK_X * 256 + THREAD_X; i < n; i += BLOCKS_X * 256) y[i] = f * x[i];
}
