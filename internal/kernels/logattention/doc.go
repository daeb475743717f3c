// Package logattention computes the attention of arXiv 2404.05843, whose similarity is the logarithm of a
// dot product of exponentials and whose values and outputs are logarithms:
//
//	w_ts = sum_k exp(q_tk + k_sk)                       over s <= t if causal, over all s if not
//	y_tv = ln(sum_s w_ts exp(v_sv)) - ln(sum_s w_ts)
//
//	q [B, Tq, H, K]   k [B, Tk, H, K]   v [B, Tk, H, V]   y [B, Tq, H, V]   each where a multihead.Rows says
//
// With a column of ones, c = V, after those of the values the denominator is one more numerator, so all
// sums are alike: N_tc = sum_s w_ts exp(v_sc), y_tv = ln N_tv - ln N_tV. All that a later position needs of
// the earlier ones is a state of constant size (C = V+1 columns):
//
//	S_kc = ln sum_s exp(k_sk + v_sc)        N_tc = sum_k exp(q_tk + S_kc)
//
// Values may be signed: exp(v) then carries a sign, and so do y and S. A sum that is exactly zero has no
// gradient.
//
// A key or value that is NaN does not reach the outputs of causal queries before it. Their gradients may become NaN.
//
// Forms:
//
//   - Kernel, the fast one: chunks of positions in numbers relative to references (chunk.go), and sums
//     that underflow there among logarithms (exact.go). Time is proportional to T.
//   - A Carry makes Kernel a streaming form: it takes S from one stretch of a sequence to the next.
//   - Leave, Enter and the like (part.go) make Kernel the form of a part of a sequence, of which other parts are computed at
//     the same time elsewhere.
//   - Naive, the definition: every sum over every pair of a position and a key channel.
package logattention
