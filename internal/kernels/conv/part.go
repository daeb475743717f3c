package conv

// ForwardFrom is Forward of sequences that continue after the inputs start [B, W-1, C].
func (k *Kernel[F]) ForwardFrom(y, x, w, bias, start []F) {
	copy(k.start, start)
	k.forwardAll(y, x, w, bias)
}

// BackwardStart writes the gradient dstart [B, W-1, C] of the inputs before those of the last Forward. It is called after
// Backward.
func (k *Kernel[F]) BackwardStart(dstart []F) {
	s := k.pool.Take()
	for b := range k.batch {
		for c0 := 0; c0 < k.channels; c0 += channelBlock {
			k.backwardStart(dstart[b*(k.taps-1)*k.channels:], s, b, c0, min(c0+channelBlock, k.channels))
		}
	}
	k.pool.Give(s)
}

// backwardStart is BackwardStart for some channels of one sequence.
func (k *Kernel[F]) backwardStart(dstart []F, s *scratch[F], b, c0, c1 int) {
	n, before := c1-c0, k.taps-1
	for t := range before {
		clear(dstart[t*k.channels+c0 : t*k.channels+c1])
	}
	for lo := 0; lo < min(k.time, before); lo += timeTile {
		hi := min(lo+timeTile, k.time, before)
		k.adjoints(s.adjoint, s, b, lo, hi, c0, c1)
		for t := lo; t < hi; t++ {
			for i := range before - t { // input t+i of start has weight i in output t
				row := dstart[(t+i)*k.channels+c0:][:n]
				for j, l := range s.adjoint[(t-lo)*n:][:n] {
					row[j] += k.w[i*k.channels+c0+j] * l
				}
			}
		}
	}
}
