package optim

import (
	"sync"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
	"goomtrain/params"
)

// newtonSchulz makes matrices semi-orthogonal, with all singular values near 1:
//
//	X = u / |u|            five times: X = a X + b (X X^T) X + c (X X^T)^2 X
type newtonSchulz[F params.Float] struct {
	x, next      []F // [rows, columns]
	gram, factor []F // [k, k], k the shorter side

	c      []F // matrix that is mirrored, [k, k]
	k      int
	mirror func(lo, hi int)
}

// The coefficients of the quintic polynomial. Repeating it brings every singular value in (0, 1] to within
// about 0.3 of 1.
const (
	quinticA, quinticB, quinticC = 3.4445, -4.7750, 2.0315
	quinticTimes                 = 5
)

// workspaces are the memory of iterations that run at the same time.
type workspaces[F params.Float] struct {
	mu   sync.Mutex
	free []*newtonSchulz[F]
}

// take returns memory for a matrix of that shape, which nobody else uses until it is given back.
func (w *workspaces[F]) take(rows, columns int) *newtonSchulz[F] {
	var n *newtonSchulz[F]
	w.mu.Lock()
	if last := len(w.free) - 1; last >= 0 {
		n, w.free = w.free[last], w.free[:last]
	} else {
		n = new(newtonSchulz[F])
		n.mirror = n.mirrorRows
	}
	w.mu.Unlock()
	n.reserve(rows, columns)
	return n
}

// give returns memory to the workspaces.
func (w *workspaces[F]) give(n *newtonSchulz[F]) {
	w.mu.Lock()
	w.free = append(w.free, n)
	w.mu.Unlock()
}

// reserve allocates memory for a matrix of that shape.
func (n *newtonSchulz[F]) reserve(rows, columns int) {
	if size := rows * columns; size > len(n.x) {
		n.x, n.next = make([]F, size), make([]F, size)
	}
	if k := min(rows, columns); k*k > len(n.gram) {
		n.gram, n.factor = make([]F, k*k), make([]F, k*k)
	}
}

// orthogonalize runs the iteration on x [rows, columns] and returns the result, which shares n's memory. A
// matrix without any normal number is returned as it is: it is zero, or a momentum that has decayed so far that
// rounding has destroyed its directions.
func (n *newtonSchulz[F]) orthogonalize(x []F, rows, columns int) []F {
	norm := norm(x)
	if norm < smallestNormal[F]() {
		return x
	}
	simd.Scale(x, F(1/norm), x)
	next, k := n.next[:len(x)], min(rows, columns)
	gram, factor := n.gram[:k*k], n.factor[:k*k]
	for range quinticTimes {
		// X = F X with F = a + b G + c G G, and G the Gram matrix on the shorter side
		n.symmetric(gram, k, func(lo, hi int) {
			if rows <= columns {
				matmul.Gemm(false, true, hi-lo, k-lo, columns, 1, x[lo*columns:], columns, x[lo*columns:], columns, 0, gram[lo*k+lo:], k)
			} else {
				matmul.Gemm(true, false, hi-lo, k-lo, rows, 1, x[lo:], columns, x[lo:], columns, 0, gram[lo*k+lo:], k)
			}
		})
		n.symmetric(factor, k, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				copy(factor[i*k+lo:(i+1)*k], gram[i*k+lo:])
			}
			matmul.Gemm(false, false, hi-lo, k-lo, k, quinticC, gram[lo*k:], k, gram[lo:], k, quinticB, factor[lo*k+lo:], k)
		})
		for i := range k {
			factor[i*k+i] += quinticA
		}
		if rows <= columns {
			matmul.Gemm(false, false, rows, columns, k, 1, factor, k, x, columns, 0, next, columns)
		} else {
			matmul.Gemm(false, false, rows, columns, k, 1, x, columns, factor, k, 0, next, columns)
		}
		x, next = next, x
	}
	return x
}

// triangleRows is the number of rows of a symmetric product that are computed at a time, each from the first of
// them on: few enough to skip most of the half below the diagonal, enough for a fast product.
const triangleRows = 64

// symmetric computes a symmetric [k, k] matrix of which upper computes rows [lo, hi) from column lo on.
func (n *newtonSchulz[F]) symmetric(c []F, k int, upper func(lo, hi int)) {
	for lo := 0; lo < k; lo += triangleRows {
		upper(lo, min(k, lo+triangleRows))
	}
	if k > triangleRows {
		n.c, n.k = c, k
		simd.ForRange(k, mirrorTile, n.mirror)
	}
}

// mirrorTile is the side of the squares that are mirrored at a time; two of them fit into the first-level
// cache.
const mirrorTile = 32

// mirrorRows writes columns [lo, hi) below the diagonal from the rows to its right.
func (n *newtonSchulz[F]) mirrorRows(lo, hi int) {
	c, k := n.c, n.k
	for from := lo; from < k; from += mirrorTile {
		for j := from; j < min(k, from+mirrorTile); j++ {
			row := c[j*k+lo : j*k+min(j, hi)]
			for i := range row {
				row[i] = c[(lo+i)*k+j]
			}
		}
	}
}
