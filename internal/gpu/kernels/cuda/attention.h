/* What the attentions share: where their operands lie. */
#pragma once
#include "device.h"

typedef long long i64;

/* Number d of head h at position t of sequence b is at data[(b*time + t)*stride + h*step + d]. */
struct Rows {
	const float *data;
	i64 stride, step;
};

#define OPERAND(x) const float *x, i64 x##Stride, i64 x##Step
#define RESULT(x) float *x, i64 x##Stride, i64 x##Step
#define ROWS_OF(x) \
	Rows { x, x##Stride, x##Step }
