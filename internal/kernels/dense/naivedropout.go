package dense

import (
	"goomtrain/internal/simd"
	"goomtrain/rng"
)

// NaiveDropout is Dropout by its definition: the mask of one number at a time. Numbers 2n and 2n+1 of a
// sequence have the lower and the upper half of its n-th random word. It is generic because Dropout has the
// same bits.
type NaiveDropout[F simd.Float] struct {
	Batch, Size int
	P           float64
	Site        string
	Noise       Noise
	X, Residual []F // [B, E]; a Residual of nil is zero
}

// factor returns that of number e of sequence b: 0 or 1/(1-p).
func (n NaiveDropout[F]) factor(b, e int) F {
	sequence := rng.NewKey(n.Noise.seed, "dropout "+n.Site).Sub(uint64(n.Noise.Step)).Sub(uint64(n.Noise.First + b))
	bits := sequence.Uint64(uint64(e / 2))
	if e%2 > 0 {
		bits >>= 32
	}
	if u := float64(uint32(bits)) / (1 << 32); u >= n.P {
		return F(1 / (1 - n.P))
	}
	return 0
}

// Forward returns y [B, E].
func (n NaiveDropout[F]) Forward() (y []F) {
	for i, x := range n.X {
		y = append(y, F(x*n.factor(i/n.Size, i%n.Size))) // rounded before the sum
		if n.Residual != nil {
			y[i] += n.Residual[i]
		}
	}
	return y
}

// Backward returns the gradient of sum(dy * y); that of the residual is dy.
func (n NaiveDropout[F]) Backward(dy []F) (dx []F) {
	for i, g := range dy {
		dx = append(dx, g*n.factor(i/n.Size, i%n.Size))
	}
	return dx
}
