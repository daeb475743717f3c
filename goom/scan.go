package goom

import (
	"slices"

	"goomtrain/internal/simd"
)

// PrefixProducts returns Y_t = X_1 X_2 ... X_t for x [.., T, d, d], along the axis before the last two.
func PrefixProducts[F Float](x Tensor[F]) Tensor[F] {
	y := Tensor[F]{Shape: slices.Clone(x.Shape), Log: make([]F, len(x.Log)), Sign: make([]F, len(x.Log))}
	NewScan[F](x.Shape, nil, false, 0, Options{}).Forward(y, x, Tensor[F]{}, Tensor[F]{})
	return y
}

// AffineScan returns the states x_t = x_{t-1} A_t + B_t, [.., T, n, d], for a [.., T, d, d], b [.., T, n, d]
// and x0 [.., n, d]; an empty x0 (no logarithms) stands for zero.
func AffineScan[F Float](a, b, x0 Tensor[F]) Tensor[F] {
	y := Tensor[F]{Shape: slices.Clone(b.Shape), Log: make([]F, len(b.Log)), Sign: make([]F, len(b.Log))}
	NewScan[F](a.Shape, b.Shape, x0.Log != nil, 0, Options{}).Forward(y, a, b, x0)
	return y
}

// Chained returns the product X_1 X_2 ... X_T of x [.., T, d, d] as [.., d, d]; of no matrices it is the
// identity.
func Chained[F Float](x Tensor[F]) Tensor[F] {
	x.check()
	p := newChainPlan[F](x.Shape)
	y := New[F](append(slices.Clone(x.Shape[:len(x.Shape)-3]), p.d, p.d)...)
	p.forward(y, x)
	return y
}

// ChainedGrad returns the gradient of Chained with respect to the logarithms of x, given dy.
func ChainedGrad[F Float](x Tensor[F], dy []F) []F {
	p := NewScan[F](x.Shape, nil, false, 0, Options{Grad: true})
	y := Tensor[F]{Shape: x.Shape, Log: make([]F, len(x.Log)), Sign: make([]F, len(x.Log))}
	p.Forward(y, x, Tensor[F]{}, Tensor[F]{})
	n := p.d * p.d
	same("ChainedGrad", p.batch*n, len(dy))
	all := make([]F, len(x.Log))
	if p.T > 0 {
		for row := range p.batch {
			copy(all[((row+1)*p.T-1)*n:][:n], dy[row*n:][:n])
		}
	}
	dx := make([]F, len(x.Log))
	p.Backward(dx, nil, nil, y, x, Tensor[F]{}, Tensor[F]{}, all)
	return dx
}

// Fold combines xs from left to right, op(...op(op(xs[0], xs[1]), xs[2])..., xs[n-1]), over the cores: op must
// be associative, and is called from several goroutines. The bracketing depends on len(xs) alone. It panics
// on an empty slice.
func Fold[T any](xs []T, op func(a, b T) T) T {
	if len(xs) == 0 {
		panic("goom: Fold of nothing")
	}
	totals := chunkTotals(xs, op)
	acc := totals[0]
	for _, x := range totals[1:] {
		acc = op(acc, x)
	}
	return acc
}

// Accumulate returns all prefixes xs[0], op(xs[0], xs[1]), ... of an associative operation, with less than
// two applications of op per element, shared out over the cores. op is called from several goroutines and must
// not change its operands. The bracketing depends on len(xs) alone.
func Accumulate[T any](xs []T, op func(a, b T) T) []T {
	out := make([]T, len(xs))
	if len(xs) == 0 {
		return out
	}
	chunk := chunkLength(len(xs))
	totals := chunkTotals(xs, op)
	for c := 1; c < len(totals); c++ { // totals[c] becomes the prefix up to the end of chunk c
		totals[c] = op(totals[c-1], totals[c])
	}
	simd.For(len(totals), func(c int) {
		lo, hi := c*chunk, min(len(xs), (c+1)*chunk)
		acc := xs[lo]
		if c > 0 {
			acc = op(totals[c-1], acc)
		}
		out[lo] = acc
		for i := lo + 1; i < hi; i++ {
			acc = op(acc, xs[i])
			out[i] = acc
		}
	})
	return out
}

// chunkLength cuts n elements into at most 8 chunks of at least minChunk.
func chunkLength(n int) int { return max(minChunk, (n+7)/8) }

func chunkTotals[T any](xs []T, op func(a, b T) T) []T {
	chunk := chunkLength(len(xs))
	totals := make([]T, (len(xs)+chunk-1)/chunk)
	simd.For(len(totals), func(c int) {
		acc := xs[c*chunk]
		for _, x := range xs[c*chunk+1 : min(len(xs), (c+1)*chunk)] {
			acc = op(acc, x)
		}
		totals[c] = acc
	})
	return totals
}
