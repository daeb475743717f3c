package dense

import (
	"fmt"

	"goomtrain/internal/simd"
)

// Pool makes one vector of each sequence: its last one, or the mean of all. A sequence ends at a position of its own;
// what is behind it is padding.
//
//	x [B, T, D]   ends [B]: positions of the last vectors, or nil: all T-1   y [B, D]
//	last: y_b = x_{b,e}      dx_{b,e} = dy_b
//	mean: y_b = 1/(e+1) sum_{t<=e} x_{bt}      dx_{bt} = dy_b/(e+1) for t <= e
//
// dx is 0 elsewhere.
type Pool[F simd.Float] struct {
	batch, time, width int
	mean               bool

	y, x, dx, dy []F // operands of the running call
	ends         []int32
	forward      func(b int)
	backward     func(b int)
}

// NewPool returns the kernel for x [batch, time, width].
func NewPool[F simd.Float](batch, time, width int, mean bool) *Pool[F] {
	k := &Pool[F]{batch: batch, time: time, width: width, mean: mean}
	k.forward = func(b int) {
		y, x, end := k.y[b*width:(b+1)*width], k.x[b*time*width:(b+1)*time*width], k.end(b)
		copy(y, x[end*width:(end+1)*width])
		if !mean {
			return
		}
		simd.SumRows(y, x, end, width)
		simd.Scale(y, 1/F(end+1), y)
	}
	k.backward = func(b int) {
		dy, dx, end := k.dy[b*width:(b+1)*width], k.dx[b*time*width:(b+1)*time*width], k.end(b)
		clear(dx[(end+1)*width:])
		if !mean {
			clear(dx[:end*width])
			copy(dx[end*width:], dy)
			return
		}
		for t := range end + 1 {
			simd.Scale(dx[t*width:(t+1)*width], 1/F(end+1), dy)
		}
	}
	return k
}

// end returns the last position of a sequence.
func (k *Pool[F]) end(b int) int {
	if k.ends == nil {
		return k.time - 1
	}
	end := int(k.ends[b])
	if end < 0 || end >= k.time {
		panic(fmt.Sprintf("dense: sequence %d ends at position %d, want 0 to %d", b, end, k.time-1))
	}
	return end
}

// Forward writes y.
func (k *Pool[F]) Forward(y, x []F, ends []int32) {
	k.y, k.x, k.ends = y, x, ends
	simd.For(k.batch, k.forward)
}

// Backward writes dx.
func (k *Pool[F]) Backward(dx, dy []F, ends []int32) {
	k.dx, k.dy, k.ends = dx, dy, ends
	simd.For(k.batch, k.backward)
}
