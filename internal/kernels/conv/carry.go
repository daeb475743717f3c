package conv

import "goomtrain/params"

// A Carry is the last W inputs of every channel between two stretches of one sequence, the newest last, as in the cache of
// flash-linear-attention. The next output depends on the last W-1 of them.
type Carry[F params.Float] struct {
	last  []F // [B, C, W]
	shape [3]int
}

// NewCarry returns the carry of B = batch sequences of C = channels that have not begun: all inputs before are 0.
func NewCarry[F params.Float](batch, channels, width int) *Carry[F] {
	return &Carry[F]{last: make([]F, batch*channels*width), shape: [3]int{batch, channels, width}}
}

// Reset makes the next stretch begin after inputs of 0.
func (c *Carry[F]) Reset() { clear(c.last) }

// Arrays returns the whole state under names that begin with prefix. The arrays share its memory.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{{Name: prefix + "inputs", Shape: c.shape[:], Data: c.last}}
}

// rows writes the last W-1 inputs as rows [B, W-1, C], the order of time.
func (c *Carry[F]) rows(dst []F) {
	batch, channels, width := c.shape[0], c.shape[1], c.shape[2]
	for b := range batch {
		last := c.last[b*channels*width:][:channels*width]
		for t := 1; t < width; t++ {
			row := dst[(b*(width-1)+t-1)*channels:][:channels]
			for j := range row {
				row[j] = last[j*width+t]
			}
		}
	}
}

// push appends the inputs x [B, T, C].
func (c *Carry[F]) push(x []F) {
	batch, channels, width := c.shape[0], c.shape[1], c.shape[2]
	time := len(x) / (batch * channels)
	for b := range batch {
		last, x := c.last[b*channels*width:][:channels*width], x[b*time*channels:][:time*channels]
		if time == 1 { // a token of a stream
			for j, v := range x {
				inputs := last[j*width:][:width]
				copy(inputs, inputs[1:])
				inputs[width-1] = v
			}
			continue
		}
		kept := max(0, width-time) // inputs that stay, as the oldest ones
		for j := range channels {
			inputs := last[j*width:][:width]
			copy(inputs, inputs[width-kept:])
			for i := kept; i < width; i++ {
				inputs[i] = x[(time-width+i)*channels+j]
			}
		}
	}
}
