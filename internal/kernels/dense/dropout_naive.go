package dense

import (
	"goomtrain/internal/simd"
	"goomtrain/rng"
)

// DropoutNaive is Dropout by its definition: the mask of one number at a time. Numbers 2n and 2n+1 of a
// sequence have the lower and the upper half of its n-th random word.
func DropoutNaive[F simd.Float](batch, size int, p float64, site string, noise Noise, x, residual []F) (y []F) {
	y = make([]F, batch*size)
	for b := range batch {
		sequence := rng.NewKey(noise.seed, "dropout "+site).Sub(uint64(noise.Step)).Sub(uint64(noise.First + b))
		for e := range size {
			bits := sequence.Uint64(uint64(e / 2))
			if e%2 > 0 {
				bits >>= 32
			}
			i, factor := b*size+e, F(0)
			if u := float64(uint32(bits)) / (1 << 32); u >= p {
				factor = F(1 / (1 - p))
			}
			y[i] = x[i] * factor
			if residual != nil {
				y[i] += residual[i]
			}
		}
	}
	return y
}
