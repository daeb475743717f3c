package kernels

import "goomtrain/internal/gpu"

// Linear is the twin of dense.Linear.
type Linear struct {
	rows, in, out int
	transposed    bool // W is [out, in]

	forward, dx, dw product
	dbias           columnSums
}

// NewLinear returns the kernel for x [rows, in] and y [rows, out].
func NewLinear(s *gpu.Scope, rows, in, out int, transposed bool) *Linear {
	m, n := in, out // of W
	if transposed {
		m, n = out, in
	}
	return &Linear{rows: rows, in: in, out: out, transposed: transposed,
		forward: newProduct(s, false, transposed, rows, out, in), dx: newProduct(s, false, !transposed, rows, in, out),
		dw: newProduct(s, true, false, m, n, rows), dbias: newColumnSums(s, rows, out)}
}

// stride returns the distance between rows of W.
func (k *Linear) stride() int {
	if k.transposed {
		return k.in
	}
	return k.out
}

// Forward writes y. A bias or residual of 0 is none.
func (k *Linear) Forward(y, x, w, bias, residual gpu.Ptr) {
	k.forward.launch(x, k.in, w, k.stride(), bias, residual, y, k.out)
}

// Backward writes dx, dw and dbias, those that are not 0. The gradient of the residual is dy.
func (k *Linear) Backward(dx, dw, dbias, x, w, dy gpu.Ptr) {
	if dx != 0 {
		k.dx.launch(dy, k.out, w, k.stride(), 0, 0, dx, k.in)
	}
	if dw != 0 {
		if k.transposed {
			k.dw.launch(dy, k.out, x, k.in, 0, 0, dw, k.in)
		} else {
			k.dw.launch(x, k.in, dy, k.out, 0, 0, dw, k.out)
		}
	}
	if dbias != 0 {
		k.dbias.launch(dy, dbias)
	}
}
