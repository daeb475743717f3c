package s4d

import "goomtrain/internal/simd"

// Rows of a group of channels: eight numbers of each position. The last group may have fewer channels. Its rows are copied
// to and from rows of eight, which hold anything where there is no channel: channels do not touch one another.

// channelsOf returns the number of channels of a group.
func (k *Kernel[F]) channelsOf(group int) int { return min(lanes, k.channels-group*lanes) }

// rows returns n rows of a group of x [B, T, H] from position t on, and their stride. It may copy them to buffer.
func (k *Kernel[F]) rows(buffer, x []F, b, group, t, n int) (rows []F, stride int) {
	x = x[(b*k.time+t)*k.channels+group*lanes:]
	width := k.channelsOf(group)
	if width == lanes {
		return x, k.channels
	}
	for r := range n {
		copy(buffer[r*lanes:], x[r*k.channels:][:width])
	}
	return buffer, lanes
}

// target returns where rows with the stride of rows are to be written: in x, or in buffer, from which scatter copies them.
func (k *Kernel[F]) target(buffer, x []F, b, group, t int) []F {
	if k.channelsOf(group) < lanes {
		return buffer
	}
	return x[(b*k.time+t)*k.channels+group*lanes:]
}

// scatter copies n rows from buffer to x, where target has returned buffer.
func (k *Kernel[F]) scatter(x, buffer []F, b, group, t, n int) {
	width := k.channelsOf(group)
	if width == lanes {
		return
	}
	x = x[(b*k.time+t)*k.channels+group*lanes:]
	for r := range n {
		copy(x[r*k.channels:][:width], buffer[r*lanes:])
	}
}

// each calls visit for the modes of a group: mode is the mode's place in [H, N/2], at that of its real part in a state of
// the group, whose imaginary part is lanes further.
func (k *Kernel[F]) each(group int, visit func(mode, at int)) {
	for lane := range k.channelsOf(group) {
		for n := range k.modes {
			visit((group*lanes+lane)*k.modes+n, 2*lanes*n+lane)
		}
	}
}

// numberAt returns the complex number at a place of a state.
func numberAt[F simd.Float](state []F, at int) complex128 {
	return complex(float64(state[at]), float64(state[at+lanes]))
}
