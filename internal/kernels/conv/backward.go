package conv

import "goomtrain/internal/simd"

// backwardSpan computes the gradients of a span of inputs, block by block from the last one to the first, and the parts of
// dw and dbias of that span.
func (k *Kernel[F]) backwardSpan(task int) {
	b, first, end, c0, c1 := k.block(task, timeSpan)
	s := k.pool.Take()
	defer k.pool.Give(s)
	n, behind := c1-c0, k.taps-1
	part := k.partial[(b*simd.Pieces(k.time, timeSpan)+first/timeSpan)*len(k.sums):][:len(k.sums)]
	for i := range k.taps + 1 {
		clear(part[i*k.channels+c0 : i*k.channels+c1])
	}
	for lo := first + (end-first-1)/timeBlock*timeBlock; lo >= first; lo -= timeBlock {
		hi := min(lo+timeBlock, end)
		tail := s.adjoint[(hi-lo)*n:][:behind*n]
		if hi < end {
			copy(tail, s.adjoint) // the first rows of the block behind
		} else {
			k.tail(s, tail, b, hi, c0, c1)
		}
		src, stride := k.adjoints(s, s.adjoint, b, lo, hi, c0, c1)
		simd.Conv(k.dx[(b*k.time+lo)*k.channels+c0:], s.adjoint, k.reversed[c0:], k.none[c0:c1],
			simd.ConvShape{Rows: hi - lo, Taps: k.taps, StrideDst: k.channels, StrideSrc: n, StrideW: k.channels})
		for i := range k.taps {
			simd.AddProducts(part[i*k.channels+c0:i*k.channels+c1], s.adjoint, src[i*stride:], hi-lo, n, stride)
		}
		simd.AddWeighted(part[k.taps*k.channels+c0:k.taps*k.channels+c1], k.ones, s.adjoint, hi-lo, 1, n)
	}
}

// tail writes the W-1 rows of l from position t on, a block at a time; they are 0 behind the sequence.
func (k *Kernel[F]) tail(s *scratch[F], dst []F, b, t, c0, c1 int) {
	for len(dst) > 0 && t < k.time {
		hi := min(t+min(timeBlock, len(dst)/(c1-c0)), k.time)
		k.adjoints(s, dst, b, t, hi, c0, c1)
		dst, t = dst[(hi-t)*(c1-c0):], hi
	}
	clear(dst)
}

// adjoints writes l of positions [lo, hi) and returns the inputs that these depend on.
func (k *Kernel[F]) adjoints(s *scratch[F], dst []F, b, lo, hi, c0, c1 int) (src []F, stride int) {
	n := c1 - c0
	src, stride = k.inputs(s, b, lo, hi, c0, c1)
	dy := k.dy[(b*k.time+lo)*k.channels+c0:]
	if k.silu {
		simd.ConvSiLUBackward(dst, dy, src, k.w[c0:], k.bias[c0:c1],
			simd.ConvShape{Rows: hi - lo, Taps: k.taps, StrideDst: n, StrideDY: k.channels, StrideSrc: stride, StrideW: k.channels})
		return src, stride
	}
	for r := range hi - lo {
		copy(dst[r*n:(r+1)*n], dy[r*k.channels:])
	}
	return src, stride
}
