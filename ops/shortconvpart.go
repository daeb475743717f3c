package ops

import (
	"goomtrain/internal/kernels/conv"
	"goomtrain/params"
)

// convParts are the last inputs that a ShortConv exchanges if its sequences are cut.
type convParts[F params.Float] struct {
	*halo[F]
	k             *conv.Kernel[F]
	reach         int // W-1
	start, dstart []F // [B, W-1, C] inputs before this part, 0 where there are none, and their gradients
}

func newConvParts[F params.Float](p *Part, k *conv.Kernel[F], batch, time, channels, width int) *convParts[F] {
	n := batch * (width - 1) * channels
	return &convParts[F]{halo: newHalo[F](p, batch, time, channels, width-1), k: k, reach: width - 1, start: make([]F, n), dstart: make([]F, n)}
}

// position returns position t of sequence b in an array [B, T, C], and past row t of the past in one like start.
func (c *convParts[F]) position(x []F, b, t int) []F {
	at := (b*c.time + t) * c.width
	return x[at : at+c.width]
}

func (c *convParts[F]) pastRow(x []F, b, t int) []F {
	at := ((b+1)*c.reach - c.past + t) * c.width
	return x[at : at+c.width]
}

// enter returns the inputs before this part, whose inputs are x.
func (c *convParts[F]) enter(x []F) []F {
	c.collect(func(b, t int) []F { return c.position(x, b, t) })
	for b := range c.batch {
		for t := range c.past {
			copy(c.pastRow(c.start, b, t), c.before(b, t))
		}
	}
	return c.start
}

// leave adds to the gradient dx of the inputs of this part what comes from the parts behind it.
func (c *convParts[F]) leave(dx []F) {
	c.k.BackwardStart(c.dstart)
	c.deliver(func(b, t int) []F { return c.pastRow(c.dstart, b, t) }, func(b, t int) []F { return c.position(dx, b, t) })
}
