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
	channels, width := c.shape[1], c.shape[2]
	for i := range c.last {
		b, j, t := i/(channels*width), i/width%channels, i%width-1
		if t >= 0 {
			dst[(b*(width-1)+t)*channels+j] = c.last[i]
		}
	}
}

// push appends the inputs x [B, T, C].
func (c *Carry[F]) push(x []F) {
	batch, channels, width := c.shape[0], c.shape[1], c.shape[2]
	time := len(x) / (batch * channels)
	for i := range c.last { // an element moves to one before it
		b, j, t := i/(channels*width), i/width%channels, time-width+i%width
		if t < 0 {
			c.last[i] = c.last[i+time]
		} else {
			c.last[i] = x[(b*time+t)*channels+j]
		}
	}
}
