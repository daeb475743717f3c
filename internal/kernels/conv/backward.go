package conv

import "goomtrain/internal/simd"

// backwardSpan computes the gradients of a span of inputs, and the parts of dw and dbias of that span. It goes through the
// span by tiles whose numbers stay in the first cache. An input waits for the l of the W-1 positions behind it, so dx is
// complete up to W-1 positions before the end of a tile.
func (k *Kernel[F]) backwardSpan(task int) {
	b, first, end, c0, c1 := k.block(task, timeSpan, channelBlock)
	s := k.pool.Take()
	defer k.pool.Give(s)
	n, behind := c1-c0, k.taps-1
	part := k.partial[(b*simd.Pieces(k.time, timeSpan)+first/timeSpan)*len(k.sums):][:len(k.sums)]
	for i := range k.taps + 1 {
		clear(part[i*k.channels+c0 : i*k.channels+c1])
	}
	kept := 0 // rows of l in s.adjoint: those of positions [done, lo)
	for lo := first; lo < end; lo += timeTile {
		hi := min(lo+timeTile, end)
		l := s.adjoint[kept*n:]
		src, stride := k.adjoints(l, s, b, lo, hi, c0, c1)
		simd.ConvWeights(part[c0:], l, src, n, simd.ConvShape{Rows: hi - lo, Taps: k.taps, StrideDY: n, StrideSrc: stride, StrideW: k.channels})
		if len(k.dbias) > 0 {
			simd.AddWeighted(part[k.taps*k.channels+c0:k.taps*k.channels+c1], k.ones, l, hi-lo, 1, n)
		}
		kept = k.gradients(s, b, hi, kept+hi-lo, c0, c1)
	}
	for t := end; t < end+behind; { // the l that the last inputs wait for; they are 0 behind the sequence
		hi := min(t+timeTile, end+behind)
		l := s.adjoint[kept*n:][:(hi-t)*n]
		if clear(l); t < k.time {
			k.adjoints(l, s, b, t, min(hi, k.time), c0, c1)
		}
		kept, t = k.gradients(s, b, hi, kept+hi-t, c0, c1), hi
	}
}

// gradients writes dx of the inputs whose l are complete, from kept rows of l that end before position t. It moves the
// others to the front and returns their number.
func (k *Kernel[F]) gradients(s *scratch[F], b, t, kept, c0, c1 int) int {
	n := c1 - c0
	ready := kept - k.taps + 1
	if ready <= 0 {
		return kept
	}
	simd.Conv(k.dx[(b*k.time+t-kept)*k.channels+c0:], s.adjoint, k.reversed[c0:], k.none[c0:c1],
		simd.ConvShape{Rows: ready, Taps: k.taps, StrideDst: k.channels, StrideSrc: n, StrideW: k.channels})
	copy(s.adjoint, s.adjoint[ready*n:kept*n])
	return kept - ready
}

// adjoints writes l of positions [lo, hi) and returns the inputs that these depend on.
func (k *Kernel[F]) adjoints(dst []F, s *scratch[F], b, lo, hi, c0, c1 int) (src []F, stride int) {
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
