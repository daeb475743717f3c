package dense

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Linear is y = x op(W) (+ bias) (+ residual). op(W) is W [K, M] as it is or, in the layout of PyTorch, the
// transpose of W [M, K].
//
//	x [R, K]   W [K, M] or [M, K]   bias [M]   residual, y [R, M]
//	dx = dy op(W)^T    dW = x^T dy or dy^T x    dbias = sum of the rows of dy    dresidual = dy
type Linear[F simd.Float] struct {
	rows, in, out int
	transposed    bool // W is [out, in]
	independent   bool // see RowByRow

	partial []F // [chunks, M] sums of rows of dy
	dy      []F // operand of the running call
	sumRows func(chunk int)
}

// NewLinear returns the kernel for x [rows, in] and y [rows, out].
func NewLinear[F simd.Float](rows, in, out int, transposed bool) *Linear[F] {
	k := &Linear[F]{rows: rows, in: in, out: out, transposed: transposed}
	k.sumRows = func(c int) {
		sum, from := k.partial[c*k.out:(c+1)*k.out], c*rowGrain
		clear(sum)
		simd.SumRows(sum, k.dy[from*k.out:], min(rowGrain, k.rows-from), k.out)
	}
	return k
}

// stride returns the distance between rows of W.
func (k *Linear[F]) stride() int {
	if k.transposed {
		return k.in
	}
	return k.out
}

// RowByRow makes every later Forward give each row of y the bits that it would have if it were the only one.
func (k *Linear[F]) RowByRow() { k.independent = true }

// Forward writes y. A bias or residual of nil is zero.
func (k *Linear[F]) Forward(y, x, w, bias, residual []F) {
	if k.independent {
		matmul.Rows(k.transposed, k.rows, k.out, k.in, x, k.in, w, k.stride(), residual, k.out, bias, y, k.out)
		return
	}
	matmul.Mixed(false, k.transposed, k.rows, k.out, k.in, x, k.in, w, k.stride(), residual, k.out, bias, y, k.out)
}

// Backward writes dx, dw and dbias, those that are not nil. The gradient of the residual is dy.
func (k *Linear[F]) Backward(dx, dw, dbias, x, w, dy []F) {
	if dx != nil {
		matmul.Mixed(false, !k.transposed, k.rows, k.in, k.out, dy, k.out, w, k.stride(), nil, 0, nil, dx, k.in)
	}
	if dw != nil {
		if k.transposed {
			matmul.Mixed(true, false, k.out, k.in, k.rows, dy, k.out, x, k.in, nil, 0, nil, dw, k.in)
		} else {
			matmul.Mixed(true, false, k.in, k.out, k.rows, x, k.in, dy, k.out, nil, 0, nil, dw, k.out)
		}
	}
	if dbias != nil {
		n := simd.Pieces(k.rows, rowGrain)
		if k.partial == nil {
			k.partial = make([]F, n*k.out)
		}
		k.dy = dy
		simd.For(n, k.sumRows)
		workspace.Sum(dbias, k.partial)
	}
}
