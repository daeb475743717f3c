// Package taylor computes attention whose weights are P Taylor terms of those of softmax attention
// (arXiv 2602.00294), head by head:
//
//	s_tj = q_t . k_j / sqrt(K)    w_tj = sum over p < P of s_tj^p / p!    y_t = sum_j w_tj v_j / sum_j w_tj
//
//	q [B, Tq, H, K]   k [B, Tk, H, K]   v [B, Tk, H, V]   y [B, Tq, H, V]
//
// over all j, or over j <= t if causal. The weights are inner products of m features of q and of k (see
// Features), w_tj = Phi(q_t) . Phi(k_j), so a sum over earlier keys is a state of constant size,
// S [m, V+1] = sum of Phi(k_j) [v_j, 1]^T, that a query reads by Phi(q_t) S.
//
// An even P has a highest degree that is odd, so weights may be negative and sum to anything. Where the sum
// of n weights is within rounding of zero, |z| <= 16 eps n, y is 0 and so are its gradients.
//
// Gradient, with z_t the sum of weights and w' the polynomial without its last term:
//
//	ds_tj = w'(s_tj) (dy_t . v_j - dy_t . y_t) / z_t    dv_j = sum_t w_tj dy_t / z_t
//	dq_t = sum_j ds_tj k_j / sqrt(K)    dk_j = sum_t ds_tj q_t / sqrt(K)
//
// and through the state, with dn_t = [dy_t, -dy_t . y_t] / z_t: dPhi(q_t) = S dn_t, and from the adjoint
// R = sum of Phi(q_t) dn_t^T over the queries after the chunk, dPhi(k_j) = R [v_j, 1], dv_j = R^T Phi(k_j).
//
// A key or value that is NaN or infinite does not reach the outputs of causal queries before it. Their gradients may
// become NaN.
//
// Forms:
//
//   - Kernel, the fast one. Its quadratic form scores tiles of queries and keys: T^2 (K+V)
//     multiplications. Its chunked form does so inside chunks of C positions and reads a state for all
//     that came before: T C (K+V) + T m V multiplications, and memory that does not grow with T. Cost says
//     which is cheaper; with a carry it is always the chunked one.
//   - A Carry makes Kernel a streaming form: it takes the state, and up to C keys and values that are not
//     in it yet, from one stretch of a sequence to the next. A stretch of one position has a path of its
//     own (token.go).
//   - NewPart makes it the form of a part of a sequence, of which other parts are computed at the same time elsewhere
//     (part.go).
//   - multihead.Naive with Weight, and NaiveFeatures, the definitions.
package taylor
