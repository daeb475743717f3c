// Package recurrence computes the non-diagonal linear recurrence of a GOOM SSM (arXiv 2510.03426), whose
// states are read out by their direction. Each of the N rows of a state is on its own:
//
//	x_t = x_{t-1} A + u_t        z_t = e^2 * x_t / max_j |x_tj|
//
//	A [D, D]   x_0 [N, D]   u, z [B, T, N, D]
//
// The maximum is detached: no gradient flows through it. A row of zeros gives z = 0. Gradient, with l_t
// the adjoint of x_t:
//
//	l_t  = e^2 dz_t / max_j |x_tj| + l_{t+1} A^T                l_{T+1} = 0
//	du_t = l_t    dA = sum over b, t, rows of x_{t-1}^T l_t     dx_0 = sum over b of l_1 A^T
//
// Forms:
//
//   - Kernel, the fast one. States and adjoints may leave the float range by any factor: a row is kept as
//     mantissas and an int64 exponent (scaled.go). A step of several batch elements is one matrix product.
//     Where du leaves the float range it saturates at 2^100 (float32) or 2^1000 (float64).
//   - A Carry makes Kernel a streaming form: it takes the state from one stretch of a sequence to the next.
//   - Naive, the definition in arithmetic of 200 bits.
package recurrence
