package routing

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// CreditSize is the size of a Credit.
type CreditSize struct {
	Batch, Inputs, Outputs int  // B, n, m
	Fixed                  bool // use and ign are the same for all samples
}

// Credit is the part of a routing that turns logits of shares into credit:
//
//	R = softmax over outputs of the logits, or equal    f = sigmoid(a)    phi = f (use R - ign (1 - R))
//
// for logits, phi [B, n, m], a [B, n] and use, ign [n, m] or [B, n, m].
type Credit[F simd.Float] struct {
	CreditSize
	chunk, chunks int
	f, share      []F // [B, n], [B, n, m]
	pool          workspace.Pool[creditScratch[F]]
	creditCall[F]
	forward, backward func(task int)
}

type creditCall[F simd.Float] struct {
	phi, logits, a, use, ign      []F
	dphi, dlogits, da, duse, dign []F
	mask                          Mask
}

type creditScratch[F simd.Float] struct {
	rows[F]
	dphi, df, sums []F // [chunk, m], [chunk], [m]
}

// NewCredit returns the kernel of that size.
func NewCredit[F simd.Float](size CreditSize) *Credit[F] {
	k := &Credit[F]{CreditSize: size, chunk: chunkOf(size.Inputs, size.Outputs)}
	k.chunks = simd.Pieces(size.Inputs, k.chunk)
	k.f, k.share = workspace.Make[F](size.Batch*size.Inputs), workspace.Make[F](size.Batch*size.Inputs*size.Outputs)
	k.pool.Create = func() *creditScratch[F] {
		return &creditScratch[F]{newRows[F](k.chunk, size.Outputs), workspace.Make[F](k.chunk * size.Outputs), workspace.Make[F](k.chunk), workspace.Make[F](size.Outputs)}
	}
	k.forward, k.backward = k.forwardTask, k.backwardTask
	return k
}

// Forward writes phi. Logits of nil make all shares equal.
func (k *Credit[F]) Forward(phi, logits, a, use, ign []F, mask Mask) {
	k.phi, k.logits, k.a, k.use, k.ign, k.mask = phi, logits, a, use, ign, mask
	k.pool.For(k.Batch*k.chunks, k.forward)
}

// Backward writes the gradients of all operands but, if it is nil, dlogits. use, ign and mask are those of the last Forward.
func (k *Credit[F]) Backward(dlogits, da, duse, dign, use, ign []F, mask Mask, dphi []F) {
	k.dlogits, k.da, k.duse, k.dign, k.use, k.ign, k.mask, k.dphi = dlogits, da, duse, dign, use, ign, mask, dphi
	k.pool.For(k.chunks, k.backward)
}

// span returns the numbers of inputs lo to hi of sample b in x [B, n, m], or [n, m] if it is fixed.
func (k *Credit[F]) span(x []F, b, lo, hi int, fixed bool) []F {
	if fixed {
		b = 0
	}
	return x[(b*k.Inputs+lo)*k.Outputs : (b*k.Inputs+hi)*k.Outputs]
}

func (k *Credit[F]) forwardTask(task int) {
	b, lo := task/k.chunks, task%k.chunks*k.chunk
	hi := min(lo+k.chunk, k.Inputs)
	s, by := k.pool.Take(), veil{k.mask, b, lo}
	f, r := k.f[b*k.Inputs+lo:b*k.Inputs+hi], k.span(k.share, b, lo, hi, false)
	simd.Sigmoid(f, k.a[b*k.Inputs+lo:b*k.Inputs+hi])
	if k.logits == nil {
		s.equalShares(r, by)
	} else {
		s.softmaxShares(r, k.span(k.logits, b, lo, hi, false), by)
	}
	s.credit(k.span(k.phi, b, lo, hi, false), r, f, k.span(k.use, b, lo, hi, k.Fixed), k.span(k.ign, b, lo, hi, k.Fixed), s.sums, by)
	k.pool.Give(s)
}

// backwardTask computes the gradients of some inputs of all samples.
func (k *Credit[F]) backwardTask(c int) {
	lo, hi := c*k.chunk, min((c+1)*k.chunk, k.Inputs)
	s := k.pool.Take()
	for b := range k.Batch {
		r := k.span(k.share, b, lo, hi, false)
		dphi, df, f := s.dphi[:len(r)], s.df[:hi-lo], k.f[b*k.Inputs+lo:b*k.Inputs+hi]
		copy(dphi, k.span(k.dphi, b, lo, hi, false))
		if k.mask.Data != nil {
			s.hideRows(dphi, veil{k.mask, b, lo})
		}
		var dlogits []F
		if k.dlogits != nil {
			dlogits = k.span(k.dlogits, b, lo, hi, false)
		}
		duse, dign := k.span(k.duse, b, lo, hi, k.Fixed), k.span(k.dign, b, lo, hi, k.Fixed)
		clear(df)
		s.creditBackward(dlogits, dphi, r, f, k.span(k.use, b, lo, hi, k.Fixed), k.span(k.ign, b, lo, hi, k.Fixed), df, duse, dign, !k.Fixed || b == 0)
		for i, d := range df {
			k.da[b*k.Inputs+lo+i] = d * f[i] * (1 - f[i])
		}
	}
	k.pool.Give(s)
}
