package recurrence

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Linear is the recurrence with A_t = I + h_t W of each head, h [B, T, E], w [E, H, D, D]. The matrices of a chunk of
// steps are made by one product for all sequences, used and forgotten; the pass back makes them again.
type Linear[F simd.Float] struct {
	walk        *walk[F]
	inner       int // E
	chunk       int // steps
	from, steps int // the present chunk: steps [from, from+steps)
	rows        []F // [B, steps, E] of h, then of its gradient
	a, dA       []F // [B, steps, H, D, D]
	h, dh       []F // operands of the running call
	gather      func(sequence int)
	identity    func(sequence int)
	scatter     func(sequence int)
}

// chunkRows is the number of matrices of all heads from which on the product that makes them runs at full speed, and
// chunkSize the number of elements of a chunk that stays in the cache.
const (
	chunkRows = 128
	chunkSize = 1 << 19
)

// NewLinear returns the kernel for one size and E = inner inputs.
func NewLinear[F simd.Float](size Size, inner int) *Linear[F] {
	size.check()
	rows := max(16, min(chunkRows, chunkSize/(size.Heads*size.Width*size.Width)))
	return newLinear[F](size, inner, min(size.Time, simd.Pieces(rows, size.Batch)))
}

func newLinear[F simd.Float](size Size, inner, chunk int) *Linear[F] {
	rows := size.Batch * chunk
	k := &Linear[F]{inner: inner, chunk: chunk, rows: workspace.Make[F](rows * inner),
		a: workspace.Make[F](rows * size.Heads * size.Width * size.Width)}
	m := &matrices[F]{
		a:  func(s *task[F], t int) []F { return k.matrix(k.a, s, t) },
		dA: func(s *task[F], t int) []F { return k.matrix(k.dA, s, t) }, keep: scratch[F],
	}
	m.walk = newWalk(size, transition[F](m), size.Width)
	k.walk, k.gather, k.identity, k.scatter = m.walk, k.gatherRows, k.addIdentity, k.scatterRows
	return k
}

// size is the number of elements of the matrices of one step: the columns of W.
func (k *Linear[F]) size() int { return k.walk.Heads * k.walk.Width * k.walk.Width }

// matrix returns the matrices of a task in an array of the chunk.
func (k *Linear[F]) matrix(a []F, s *task[F], t int) []F {
	n := k.walk.Width * k.walk.Width
	return a[((s.sequence*k.steps+t-k.from)*k.walk.Heads+s.head)*n:][:s.heads*n]
}

// Forward writes z as that of Full does, from h and w.
func (k *Linear[F]) Forward(z, u, h, w, x0 []F, reset []int32, carry *Carry[F]) {
	k.walk.begin(z, u, x0, reset, carry)
	for from := 0; from < k.walk.Time; from += k.chunk {
		k.make(from, h, w, carry != nil && k.walk.Time == 1)
		k.walk.run(from, from+k.steps)
	}
	k.walk.end(carry)
}

// Between is that of Full.
func (k *Linear[F]) Between(last, first *Carry[F]) { k.walk.between(last, first) }

// Backward writes du, dh, dw and dx_0 as that of Full does.
func (k *Linear[F]) Backward(du, dh, dw, dx0, h, w, z, dz []F) {
	if k.dA == nil {
		k.dA = workspace.Make[F](len(k.a))
	}
	k.dh = dh
	k.walk.beginReverse(du, z, dz)
	var beta F
	for from := (k.walk.Time - 1) / k.chunk * k.chunk; from >= 0; from -= k.chunk {
		k.make(from, h, w, false)
		k.walk.runReverse(from, from+k.steps)
		n, size := k.walk.Batch*k.steps, k.size()
		matmul.Gemm(true, false, k.inner, size, n, 1, k.rows, k.inner, k.dA, size, beta, dw, size)
		matmul.Gemm(false, true, n, k.inner, size, 1, k.dA, size, w, size, 0, k.rows, k.inner)
		simd.For(k.walk.Batch, k.scatter)
		beta = 1
	}
	k.walk.endReverse(dx0)
}

// make makes the matrices of the chunk of steps that begins at from. Those of a token of streams must not depend on the number
// of sequences.
func (k *Linear[F]) make(from int, h, w []F, token bool) {
	k.from, k.steps, k.h = from, min(k.chunk, k.walk.Time-from), h
	n, size := k.walk.Batch*k.steps, k.size()
	simd.For(k.walk.Batch, k.gather)
	if token {
		matmul.Rows(false, n, size, k.inner, k.rows, k.inner, w, size, nil, 0, nil, k.a, size)
	} else {
		matmul.Gemm(false, false, n, size, k.inner, 1, k.rows, k.inner, w, size, 0, k.a, size)
	}
	simd.For(k.walk.Batch, k.identity)
}

// gatherRows copies the chunk's rows of h of a sequence, so that those of all sequences are one matrix.
func (k *Linear[F]) gatherRows(b int) {
	n := k.steps * k.inner
	copy(k.rows[b*n:(b+1)*n], k.h[(b*k.walk.Time+k.from)*k.inner:])
}

// scatterRows is the reverse of gatherRows for the gradient.
func (k *Linear[F]) scatterRows(b int) {
	n := k.steps * k.inner
	copy(k.dh[(b*k.walk.Time+k.from)*k.inner:], k.rows[b*n:(b+1)*n])
}

// addIdentity adds I to the chunk's matrices of a sequence.
func (k *Linear[F]) addIdentity(b int) {
	d, n := k.walk.Width, k.steps*k.size()
	a := k.a[b*n : (b+1)*n]
	for ; len(a) > 0; a = a[d*d:] {
		for i := 0; i < d*d; i += d + 1 {
			a[i]++
		}
	}
}
