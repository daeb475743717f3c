package dense

import (
	"fmt"
	"math"

	"goomtrain/internal/simd"
	"goomtrain/rng"
)

// Noise says which random numbers a training step draws. Whoever trains sets Step and First before each run;
// the kernels of all layers read them.
type Noise struct {
	Step  int64 // number of the update
	First int   // number, within the update's batch, of the first sequence of the run

	seed uint64
}

// NewNoise returns the noise of a seed, at step 0.
func NewNoise(seed uint64) *Noise { return &Noise{seed: seed} }

// A Site is one place of a model that draws random numbers in training.
type Site struct {
	noise *Noise
	key   rng.Key
}

// Site returns the site of that name. What sites of different names draw is independent.
func (n *Noise) Site(name string) Site { return Site{noise: n, key: rng.NewKey(n.seed, name)} }

// Sequence returns the random numbers of sequence b of the running batch: rng.Key.Uint64 gives each by its
// index. They are a pure function of the seed, the site's name, the step and the sequence's number in the
// batch of the update, so they depend neither on threads nor on how that batch is cut.
func (s Site) Sequence(b int) rng.Key {
	return s.key.Sub(uint64(s.noise.Step)).Sub(uint64(s.noise.First + b))
}

// Dropout is inverted dropout (arXiv 1207.0580; the scale keeps the mean), added to a residual:
//
//	x, y, residual [B, E]    y = residual + x m/(1-p)    dx = dy m/(1-p)    dresidual = dy
//	m_be = 1 if u_be >= p, else 0
//
// The uniform number u_be of 32 bits is one half of a number that the site draws for sequence b: nothing is
// stored, and the backward pass computes it anew.
type Dropout[F simd.Float] struct {
	batch, size int // B, E: numbers of a sequence
	first       int // number of the sequence that its first number here has, see Begin
	site        Site
	keep        uint64 // 2^32 - ceil(2^32 p): 32 random bits plus it reach 2^32 if they are at least p
	factors     [2]F   // of a number that is dropped, and of one that is kept

	y, x, residual []F // operands of the running call
	body           func(i int)
}

// dropoutGrain is how many numbers of a sequence one worker takes at a time. It is even, because two numbers
// share 64 random bits.
const dropoutGrain = simd.Grain / 2

// NewDropout returns the kernel for B = batch sequences of E = size numbers at the site of that name. It
// panics unless 0 <= p < 1.
func NewDropout[F simd.Float](batch, size int, p float64, site string, noise *Noise) *Dropout[F] {
	if !(p >= 0 && p < 1) {
		panic(fmt.Sprintf("dense: dropout of %v, want at least 0 and less than 1", p))
	}
	k := &Dropout[F]{batch: batch, size: size, site: noise.Site("dropout " + site),
		keep: 1<<32 - uint64(math.Ceil(p*(1<<32))), factors: [2]F{0, F(1 / (1 - p))}}
	pieces := simd.Pieces(size, dropoutGrain)
	k.body = func(i int) {
		b, from := i/pieces, i%pieces*dropoutGrain
		lo, hi := b*size+from, b*size+min(size, from+dropoutGrain)
		key := k.site.Sequence(b)
		if k.residual == nil {
			k.mask(k.y[lo:hi], k.x[lo:hi], key, k.first+from)
		} else {
			k.maskAdd(k.y[lo:hi], k.x[lo:hi], k.residual[lo:hi], key, k.first+from)
		}
	}
	return k
}

// Begin makes the numbers of every sequence those from first on: the sequences are a part of longer ones.
func (k *Dropout[F]) Begin(first int) { k.first = first }

// Key returns what the random numbers of all sequences follow from at the present step: the n-th sequence draws those of
// rng.Key(key).Sub(first + n).
func (k *Dropout[F]) Key() (key uint64, first int) {
	n := k.site.noise
	return uint64(k.site.key.Sub(uint64(n.Step))), n.First
}

// Forward writes y; a residual of nil is zero.
func (k *Dropout[F]) Forward(y, x, residual []F) {
	k.y, k.x, k.residual = y, x, residual
	simd.For(k.batch*simd.Pieces(k.size, dropoutGrain), k.body)
}

// Backward writes dx, with the noise as it was in Forward; dresidual is dy.
func (k *Dropout[F]) Backward(dx, dy []F) { k.Forward(dx, dy, nil) }

// mask computes numbers from, from+1, ... of a sequence.
func (k *Dropout[F]) mask(y, x []F, key rng.Key, from int) {
	if from%2 > 0 {
		y[0] = x[0] * k.factors[(key.Uint64(uint64(from/2))>>32+k.keep)>>32&1]
		y, x, from = y[1:], x[1:], from+1
	}
	y = y[:len(x)]
	n, last := uint64(from/2), len(x)-1
	for i := 0; i < last; i += 2 {
		bits := key.Uint64(n)
		n++
		y[i] = x[i] * k.factors[(bits&math.MaxUint32+k.keep)>>32&1]
		y[i+1] = x[i+1] * k.factors[(bits>>32+k.keep)>>32&1]
	}
	if len(x)%2 > 0 {
		y[last] = x[last] * k.factors[(key.Uint64(n)&math.MaxUint32+k.keep)>>32&1]
	}
}

// maskAdd is mask with a residual.
func (k *Dropout[F]) maskAdd(y, x, residual []F, key rng.Key, from int) {
	if from%2 > 0 {
		y[0] = residual[0] + F(x[0]*k.factors[(key.Uint64(uint64(from/2))>>32+k.keep)>>32&1])
		y, x, residual, from = y[1:], x[1:], residual[1:], from+1
	}
	y, residual = y[:len(x)], residual[:len(x)]
	n, last := uint64(from/2), len(x)-1
	for i := 0; i < last; i += 2 {
		bits := key.Uint64(n)
		n++
		// the conversion rounds: no machine may fuse product and sum
		y[i] = residual[i] + F(x[i]*k.factors[(bits&math.MaxUint32+k.keep)>>32&1])
		y[i+1] = residual[i+1] + F(x[i+1]*k.factors[(bits>>32+k.keep)>>32&1])
	}
	if len(x)%2 > 0 {
		y[last] = residual[last] + F(x[last]*k.factors[(key.Uint64(n)&math.MaxUint32+k.keep)>>32&1])
	}
}
