// Package recurrence computes the non-diagonal linear recurrence of a GOOM SSM (arXiv 2510.03426), whose
// states are read out by their direction. Each of the N rows of a state is on its own:
//
//	x_t = x_{t-1} A_t + u_t        z_t = e^2 * x_t / max_j |x_tj|
//
//	A_t [D, D]   x_0 [N, D]   u, z [B, T, N, D]
//
// The maximum is detached: no gradient flows through it. A row of zeros gives z = 0. Gradient, with l_t
// the adjoint of x_t:
//
//	l_t  = e^2 dz_t / max_j |x_tj| + l_{t+1} A_{t+1}^T          l_{T+1} = 0
//	du_t = l_t    dA_t = sum over rows of x_{t-1}^T l_t         dx_0 = sum over b of l_1 A_1^T
//
// Forms:
//
//   - Kernel, the fast one for one A for all steps. States and adjoints may leave the float range by any factor: a row is kept as
//     mantissas and an int64 exponent (scaled.go). A step of several batch elements is one matrix product.
//     Where du leaves the float range it saturates at 2^100 (float32) or 2^1000 (float64).
//   - A Carry makes Kernel a streaming form: it takes the state from one stretch of a sequence to the next.
//   - Leave, Pass and the like (part.go) make Kernel the form of a part of a sequence, of which other parts are computed at
//     the same time elsewhere.
//   - Naive, the definition in arithmetic of 200 bits.
//
// In the forms whose matrix depends on the input the N rows are H heads of R rows, with a matrix for each sequence, step
// and head; documents may begin anywhere (the state is x_0 again). A walk (walk.go) takes states forward and adjoints back
// in the same block-scaled form for all of them:
//
//   - Full has the matrices given. Linear makes them from the input, A_t = I + h_t W, for a few steps at a time. Table
//     looks them up by a token.
//   - Householder has A_t = gamma_t H_1 .. H_n, a gate and reflections, which cost n D instead of D^2 / 2.
//   - NaiveInput, the definition in arithmetic of 200 bits.
//
// The gradient of the reflections, with the rows y_0 = gamma x_{t-1}, y_j = y_{j-1} H_j, from l = l_t for j = n..1, where
// p = y_{j-1} k_j^T / (k_j . k_j) and q = l k_j^T / (k_j . k_j), in sums over the rows of a head:
//
//	dbeta_j = -sum p q (k_j . k_j)        dk_j = -beta_j sum (p l + q y_{j-1} - 2 p q k_j)        l <- l - beta_j q k_j
//
// and at the end dlog gamma = sum <l, y_0> and l <- gamma l.
package recurrence
