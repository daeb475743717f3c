package dense

import (
	"math"

	"goomtrain/internal/simd"
)

// Rotary turns pairs of numbers of every head by angles that grow with the position (arXiv 2104.09864),
// so that q_t . k_j depends on t - j. In a head of K numbers number i and number i + K/2 are a pair; if K is
// odd the last number stays as it is:
//
//	x'_i = x_i cos a - x_{i+K/2} sin a    x'_{i+K/2} = x_{i+K/2} cos a + x_i sin a    a = t * 10000^(-2i/K)
//
// In rows [q, k, v] of H*K, H*K and the remaining numbers, q and k are turned and v is copied. The gradient
// is turned the other way.
type Rotary[F simd.Float] struct {
	batch, time, turned, width, stride int       // B, T, heads of a row that are turned, K, numbers a row
	frequencies                        []float64 // [K/2]
	cos, sin                           []F       // [T, K/2]
	from                               int64
	ready                              bool // cos and sin are those of from

	dst, src []F // operands of the running call
	back     bool
	turn     func(lo, hi int)
}

// NewRotary returns the kernel for rows [B, T, stride] whose first turned heads are of that width.
func NewRotary[F simd.Float](batch, time, turned, width, stride int) *Rotary[F] {
	k := &Rotary[F]{batch: batch, time: time, turned: turned, width: width, stride: stride,
		cos: make([]F, time*(width/2)), sin: make([]F, time*(width/2))}
	for i := range width / 2 {
		k.frequencies = append(k.frequencies, math.Pow(10000, -2*float64(i)/float64(width)))
	}
	k.turn = func(lo, hi int) {
		half := k.width / 2
		for r := lo; r < hi; r++ {
			dst, src := k.dst[r*k.stride:(r+1)*k.stride], k.src[r*k.stride:(r+1)*k.stride]
			t := r % k.time
			cos, sin := k.cos[t*half:(t+1)*half], k.sin[t*half:(t+1)*half]
			rest := k.turned * k.width
			simd.RotateHeads(dst[:rest], src[:rest], cos, sin, k.turned, k.back)
			copy(dst[rest:], src[rest:])
		}
	}
	return k
}

// Forward writes dst from src, which begins at position from of the sequence.
func (k *Rotary[F]) Forward(dst, src []F, from int64) {
	if !k.ready || k.from != from {
		k.ready, k.from = true, from
		half := k.width / 2
		for i, frequency := range k.frequencies {
			for t := range k.time {
				sin, cos := math.Sincos(float64(from+int64(t)) * frequency)
				k.sin[t*half+i], k.cos[t*half+i] = F(sin), F(cos)
			}
		}
	}
	k.run(dst, src, false)
}

// Backward writes the gradient of src from that of dst, at the positions of the last Forward.
func (k *Rotary[F]) Backward(dsrc, ddst []F) { k.run(dsrc, ddst, true) }

// run turns all rows.
func (k *Rotary[F]) run(dst, src []F, back bool) {
	k.dst, k.src, k.back = dst, src, back
	simd.ForRange(k.batch*k.time, rowGrain, k.turn)
}
