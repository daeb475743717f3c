package ops

import (
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/softmax"
	"goomtrain/params"
)

// cuttableAttention is a causal attention to keys, of packed queries, keys and values, whose sequences may be cut.
type cuttableAttention[F params.Float] struct {
	kernel *softmax.Kernel[F]
	size   multihead.Size
	reach  int // positions that a query sees before its own

	halo        *halo[F] // of keys and values; nil: sequences are whole
	seen, grads []F      // [B, past+T, W] keys and values that the part sees, and their gradients; W = H*(K+V)
}

// cut returns Cut of the definition, nil if sequences must be whole.
func (c *cuttableAttention[F]) cut(may bool) func(p *Part) {
	if !may {
		return nil
	}
	return func(p *Part) {
		s := c.size
		c.halo = newHalo[F](p, s.Batch, s.Queries, s.Heads*(s.DKey+s.DValue), c.reach)
		c.seen = make([]F, s.Batch*(c.halo.past+s.Queries)*c.halo.width)
		c.grads = make([]F, len(c.seen))
		c.kernel.Begin(c.halo.past)
	}
}

// row returns row t of sequence b in an array [B, past+T, W].
func (c *cuttableAttention[F]) row(x []F, b, t int) []F {
	at := (b*(c.halo.past+c.size.Queries) + t) * c.halo.width
	return x[at : at+c.halo.width]
}

// split returns the keys and values in an array [B, past+T, W].
func (c *cuttableAttention[F]) split(x []F) (keys, values multihead.Rows[F]) {
	return multihead.Rows[F]{Data: x, Stride: c.halo.width, Step: c.size.DKey},
		multihead.Rows[F]{Data: x, Stride: c.halo.width, Offset: c.size.Heads * c.size.DKey, Step: c.size.DValue}
}

// packed returns the keys and values of position t of sequence b of the part, in packed rows with these keys.
func (c *cuttableAttention[F]) packed(keys multihead.Rows[F], b, t int) []F {
	at := (b*c.size.Queries+t)*keys.Stride + keys.Offset
	return keys.Data[at : at+c.halo.width]
}

// collect returns the keys and values that the queries see.
func (c *cuttableAttention[F]) collect(keys, values multihead.Rows[F]) (k, v multihead.Rows[F]) {
	if c.halo == nil {
		return keys, values
	}
	own := func(b, t int) []F { return c.packed(keys, b, t) }
	c.halo.collect(own)
	for b := range c.size.Batch {
		for t := range c.halo.past {
			copy(c.row(c.seen, b, t), c.halo.before(b, t))
		}
		for t := range c.size.Queries {
			copy(c.row(c.seen, b, c.halo.past+t), own(b, t))
		}
	}
	return c.split(c.seen)
}

// backward is Backward of the kernel.
func (c *cuttableAttention[F]) backward(dq, dk, dv, q, keys, values multihead.Rows[F], y, dy []F) {
	if c.halo == nil {
		c.kernel.Backward(dq, dk, dv, q, keys, values, y, dy)
		return
	}
	keys, values = c.split(c.seen)
	dkeys, dvalues := c.split(c.grads)
	c.kernel.Backward(dq, dkeys, dvalues, q, keys, values, y, dy)
	own := func(b, t int) []F { return c.packed(dk, b, t) }
	for b := range c.size.Batch {
		for t := range c.size.Queries {
			copy(own(b, t), c.row(c.grads, b, c.halo.past+t))
		}
	}
	c.halo.deliver(func(b, t int) []F { return c.row(c.grads, b, t) }, own)
}
