/* How LayerNorm and RMSNorm share rows. They read rows twice or three times, all but the first time from the caches: memory is
 * the limit.
 *
 * 2^shift lanes of a warp, at most 32, take a row, four neighboring numbers each at a time, so that narrow rows, such as those
 * of heads, fill a warp together. A block has 256 threads. All lanes go through sumOfRow, also those without a row. */
#pragma once
#include "rows.h"
#include "sums.h"

/* The sum over the lanes of a row. Every one of them gets it. */
__device__ __forceinline__ float sumOfRow(float v, int shift) {
	for (int lane = 1 << shift >> 1; lane > 0; lane /= 2) v += __shfl_xor_sync(~0u, v, lane);
	return v;
}

/* Backward passes: block b takes rows from b perBlock on. When dx is written, it adds up the columns over its rows, for row b of an
 * array that column_sums adds up. A power of two of lanes takes the columns, and the other threads of the block further rows at
 * the same time. */
#define EACH_ROW_OF_BLOCK(r, from, to) for (int r = from + (THREAD_X >> shift); r - (THREAD_X >> shift) < to; r += 256 >> shift)
#define EACH_COLUMN_OF_BLOCK(j, width, lanes) for (int j = THREAD_X & (lanes - 1); j - (THREAD_X & (lanes - 1)) < width; j += lanes)
