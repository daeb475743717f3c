package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// Reflections of rows, forward and backward, for all heads of a step in one call.

// reflections is a shape: H heads of R rows of width D, and n reflections a head.
type reflections struct{ heads, rows, count, width int }

// ReflectHeads multiplies the rows of each head by its gate and its reflections, the first one first:
//
//	dst[h] = gate[h] x[h] H_1 .. H_n        H_j = I - beta_j k_j^T k_j / (k_j . k_j)        norms_j = k_j . k_j
//
// A key of zeros, and one whose square underflows to 0, leaves the rows as they are. x, dst [H, R, D], k [H, n, D],
// beta, norms [H, n], gate [H]. R is what x makes it. dst may be x.
func ReflectHeads[F Float](dst, norms, x, k, beta, gate []F, width int) {
	s := newReflections("ReflectHeads", x, k, beta, gate, width)
	checkMap("ReflectHeads", dst, x)
	checkMap("ReflectHeads", norms, beta)
	if len(x) == 0 {
		return
	}
	if floats.Single[F]() {
		reflectHeads32(floats.As32(dst), floats.As32(norms), floats.As32(x), floats.As32(k), floats.As32(beta), floats.As32(gate), s)
		return
	}
	reflectHeadsPortable(dst, norms, x, k, beta, gate, s)
}

// ReflectionGrads are the gradients that ReflectHeadsBackward writes: of x [H, R, D], with the largest magnitude of
// each row in Top [H, R], of k, of beta, and of the logarithm of the gate, in the shapes of ReflectHeads.
type ReflectionGrads[F Float] struct{ X, Top, K, Beta, LogGate []F }

// ReflectHeadsBackward is the gradient of ReflectHeads for dout [H, R, D]. The gradients of k, beta and the gate are
// for rows of x multiplied by weight [H, R]; that of x is not. norms is what ReflectHeads wrote. work has at least
// ReflectWork elements.
func ReflectHeadsBackward[F Float](g ReflectionGrads[F], x, weight, k, beta, norms, gate, dout, work []F, width int) {
	const name = "ReflectHeadsBackward"
	s := newReflections(name, x, k, beta, gate, width)
	checkMap(name, g.X, x)
	checkMap(name, dout, x)
	checkMap(name, g.Top, weight)
	checkMap(name, g.K, k)
	checkMap(name, g.Beta, beta)
	checkMap(name, norms, beta)
	checkMap(name, g.LogGate, gate)
	if len(weight) != s.heads*s.rows || len(work) < ReflectWork(s.count, width) {
		panic(fmt.Sprintf("simd: %s: %d weights and %d elements of work for %d heads of %d rows and %d reflections of %d",
			name, len(weight), len(work), s.heads, s.rows, s.count, width))
	}
	if len(x) == 0 {
		return
	}
	if floats.Single[F]() {
		grads := ReflectionGrads[float32]{floats.As32(g.X), floats.As32(g.Top), floats.As32(g.K), floats.As32(g.Beta), floats.As32(g.LogGate)}
		reflectHeadsBackward32(grads, floats.As32(x), floats.As32(weight), floats.As32(k), floats.As32(beta), floats.As32(norms), floats.As32(gate), floats.As32(dout), floats.As32(work), s)
		return
	}
	reflectHeadsBackwardPortable(g, x, weight, k, beta, norms, gate, dout, work, s)
}

// ReflectWork is the size of the work memory of ReflectHeadsBackward: the row before each of n reflections, and its
// product with the key.
func ReflectWork(n, width int) int { return n * (width + 1) }

func newReflections[F Float](name string, x, k, beta, gate []F, width int) reflections {
	s := reflections{heads: len(gate), width: width}
	if s.heads > 0 && width > 0 {
		s.rows, s.count = len(x)/(s.heads*width), len(beta)/s.heads
	}
	if s.count < 1 && len(x) > 0 || len(x) != s.heads*s.rows*width || len(beta) != s.heads*s.count || len(k) != s.heads*s.count*width {
		panic(fmt.Sprintf("simd: %s: %d elements in rows, %d in keys and %d factors for %d heads of width %d", name, len(x), len(k), len(beta), s.heads, width))
	}
	return s
}
