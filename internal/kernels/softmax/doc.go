// Package softmax computes softmax attention, head by head:
//
//	s_tj = q_t . k_j / sqrt(K)    p_tj = exp(s_tj) / sum_j exp(s_tj)    y_t = sum_j p_tj v_j
//
//	q [B, Tq, H, K]   k [B, Tk, H, K]   v [B, Tk, H, V]   y [B, Tq, H, V]
//
// over all j, over j <= t if causal, or over t-window < j <= t. Gradient:
//
//	D_t = dy_t . y_t    ds_tj = p_tj (dy_t . v_j - D_t)    dv_j = sum_t p_tj dy_t
//	dq_t = sum_j ds_tj k_j / sqrt(K)    dk_j = sum_t ds_tj q_t / sqrt(K)
//
// A key or value that is NaN or infinite does not reach the outputs of causal queries before it. Their gradients may
// become NaN.
//
// Forms:
//
//   - Kernel, the fast one: tiles of queries and keys with a running maximum (arXiv 2205.14135), in
//     memory proportional to T. The backward pass computes the scores again.
//   - A Cache makes Kernel a streaming form: it keeps all keys and values from one stretch of a sequence
//     to the next, and grows with it.
//   - With a window Kernel computes only the tiles that queries see, and a Ring, which keeps the last keys and values, makes
//     it a streaming form of constant memory and cost a position.
//   - Begin makes it the form of a part of a sequence: it is given the keys and values of the parts before it too.
//   - multihead.Naive with Weight, the definition.
package softmax
