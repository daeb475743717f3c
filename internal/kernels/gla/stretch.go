package gla

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// stretchTokens is the largest number of tokens L of a stretch.
const stretchTokens = 64

// A block is tokens that are computed without decays: |ln c_t| <= deepest, and no token after the first has a decay
// beyond steepest.
const (
	deepest  = 12
	steepest = 5
)

// stretch holds the decays of up to L tokens of one head. W is the number of key channels, or 1 if they have one decay.
type stretch[F simd.Float] struct {
	width, tokens int
	blocks        []int // block i is tokens blocks[i] to blocks[i+1]-1
	c, back       []F   // [L, W] product of the decays from the second token of the block on, and 1/c
	first         []F   // [L, W] decays of the first token of each block
}

// makeStretches makes the memory of the decays of all heads. Fixed decays are those of two stretches of every head, a
// whole one and the last.
func (k *Kernel[F]) makeStretches() {
	n, w := min(stretchTokens, k.Time), k.decays()
	k.memory = make([]stretch[F], k.heads()*k.stretchesOf())
	for i := range k.memory {
		k.memory[i] = stretch[F]{width: w, blocks: make([]int, 0, n+1),
			c: workspace.Make[F](n * w), back: workspace.Make[F](n * w), first: workspace.Make[F](n * w)}
	}
}

// heads returns the number of heads that have decays of their own, stretchesOf the number of stretches of one.
func (k *Kernel[F]) heads() int {
	if k.Decay == Fixed {
		return k.Heads
	}
	return k.Batch * k.Heads
}

func (k *Kernel[F]) stretchesOf() int {
	if k.Decay == Fixed {
		return 2
	}
	return simd.Pieces(k.Time, stretchTokens)
}

// layStretches sets the lengths of the stretches in use.
func (k *Kernel[F]) layStretches() {
	n := k.stretchesOf()
	k.stretches = k.memory[:k.heads()*n]
	for i := range k.stretches {
		s := &k.stretches[i]
		if s.tokens = min(stretchTokens, k.Time); i%n == n-1 {
			s.tokens = (k.Time-1)%stretchTokens + 1
		}
		s.c, s.back, s.first = s.c[:s.tokens*s.width], s.back[:s.tokens*s.width], s.first[:s.tokens*s.width]
	}
}

// stretchAt returns the stretch of a head that begins at token t.
func (k *Kernel[F]) stretchAt(b, h, t int) *stretch[F] {
	i, pieces := t/stretchTokens, simd.Pieces(k.Time, stretchTokens)
	if k.Decay != Fixed {
		return &k.stretches[(b*k.Heads+h)*pieces+i]
	}
	if i == pieces-1 {
		return &k.stretches[2*h+1]
	}
	return &k.stretches[2*h]
}

// prepareStretches reads the decays of stretches lo to hi.
func (k *Kernel[F]) prepareStretches(lo, hi int) {
	pieces := simd.Pieces(k.Time, stretchTokens)
	for i := lo; i < hi; i++ {
		head, t := i/pieces, i%pieces*stretchTokens
		switch b, h := head/k.Heads, head%k.Heads; k.Decay {
		case PerChannel:
			k.stretches[i].read(rows(k.Size, k.g, k.DKey, b, t, h, 0))
		case PerHead:
			k.stretches[i].read(rows(k.Size, k.g, 1, b, t, h, 0))
		case Fixed:
			k.stretches[i].read(simd.Steps[F]{Data: k.g[i/2:]})
		}
	}
}

// read prepares the tokens with logarithms of decays g.
func (s *stretch[F]) read(g simd.Steps[F]) {
	w, sums := s.width, simd.Steps[F]{Data: s.c, Stride: s.width}
	steep, deep := simd.RunningSums(sums, g, s.tokens, w)
	s.blocks = append(s.blocks[:0], 0)
	simd.Exp(s.first[:w], row(g, 0, w))
	if !(steep <= steepest && deep <= deepest) { // as if one is NaN
		s.divide(g)
	}
	s.blocks = append(s.blocks, s.tokens)
	simd.Exp(s.c, s.c)
	simd.Reciprocal(s.back, s.c)
}

// divide cuts the stretch into blocks as long as may be, and writes their sums to c.
func (s *stretch[F]) divide(g simd.Steps[F]) {
	w := s.width
	for t := 1; t < s.tokens; t++ {
		sum := s.c[t*w : (t+1)*w]
		if simd.MaxAbs(row(g, t, w)) <= steepest {
			simd.Add(sum, s.c[(t-1)*w:t*w], row(g, t, w))
			if simd.MaxAbs(sum) <= deepest {
				continue
			}
		}
		clear(sum)
		simd.Exp(s.first[len(s.blocks)*w:][:w], row(g, t, w))
		s.blocks = append(s.blocks, t)
	}
}

// apply sets row t of dst to alpha times the factors of token at+t times row t of src, for n rows of channels k0 to
// k1. factors is c or back.
func (s *stretch[F]) apply(dst, src simd.Steps[F], factors []F, alpha F, at, n, k0, k1 int) {
	if s.width == 1 {
		simd.ScaleSteps(dst, src, factors[at:at+n], k1-k0, alpha)
	} else {
		simd.MulSteps(dst, src, simd.Steps[F]{Data: factors[at*s.width+k0:], Stride: s.width}, n, k1-k0, alpha)
	}
}

// firstOf returns the decays of the first token of block i for channels k0 to k1, or the one for all.
func (s *stretch[F]) firstOf(i, k0, k1 int) []F {
	if s.width == 1 {
		return s.first[i : i+1]
	}
	return s.first[i*s.width+k0 : i*s.width+k1]
}

// lastOf returns c of the last token of block i for channels k0 to k1, or the one for all.
func (s *stretch[F]) lastOf(i, k0, k1 int) []F {
	t := s.blocks[i+1] - 1
	if s.width == 1 {
		return s.c[t : t+1]
	}
	return s.c[t*s.width+k0 : t*s.width+k1]
}

// enter sets dst to what a state is multiplied by between two blocks: c of the last token of one times the decays of
// the first token of the other, each for every channel or one for all.
func enter[F simd.Float](dst, last, first []F) {
	if len(last) == len(dst) {
		simd.Mul(dst, last, first)
	} else {
		fill(dst, last[0]*first[0])
	}
}

// spread sets dst to the factors of every channel, or to the one for all.
func spread[F simd.Float](dst, factors []F) {
	if len(factors) == len(dst) {
		copy(dst, factors)
	} else {
		fill(dst, factors[0])
	}
}

func fill[F simd.Float](x []F, v F) {
	for i := range x {
		x[i] = v
	}
}

// row returns row i of an operand, from returns its rows from i on.
func row[F simd.Float](x simd.Steps[F], i, width int) []F { return x.Data[i*x.Stride:][:width] }

func from[F simd.Float](x simd.Steps[F], i int) simd.Steps[F] {
	return simd.Steps[F]{Data: x.Data[i*x.Stride:], Stride: x.Stride}
}
