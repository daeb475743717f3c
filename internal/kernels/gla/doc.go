// Package gla computes linear attention with decay: of every head a state [K, V] that forgets and learns,
//
//	S_t = diag(a_t) S_{t-1} + k_t^T v_t        o_t = s q_t S_t        s = 1/sqrt(K) unless given
//
//	q, k [B, T, H, K]   v, o [B, T, H, V]   S [B, H, K, V], S_0 = 0 or from a carry
//
// a_t = exp(g_t) is one number for each key channel (gated linear attention, arXiv 2312.06635), one for each head
// (Mamba-2, arXiv 2405.21060), or fixed for each head (retention, arXiv 2307.08621; Lightning Attention-2, arXiv
// 2401.04658). g = -inf is a decay of exactly 0. Gradient, with dS_t the adjoint of S_t:
//
//	dS_t = a_{t+1} dS_{t+1} + s q_t^T do_t      dv_t = k_t dS_t      dk_t = v_t dS_t^T      dq_t = s do_t S_t^T
//	dg_t = rows of a_t dS_t * S_{t-1} summed over V (and over K for one decay a head)
//
// Forms:
//
//   - Kernel, the fast one, in memory proportional to T (K + V); see below.
//   - A Carry makes Kernel a streaming form: it takes the state from one stretch of a sequence to the next. Outputs are
//     those of the whole sequence but for rounding.
//   - Leave, Enter and the like (part.go) make Kernel the form of a part of a sequence, of which other parts are computed at
//     the same time elsewhere.
//   - Naive, the definition in float64.
//
// # The fast form
//
// Each of o, dv, dk and dq is linear attention: with other operands in the places of q, k and v, on S or its
// transpose, forward or backward in time. So one primitive, simd.LinearSteps, does nearly all of the work.
//
// It knows no decays. They are moved to the queries and keys: with c_t the product of the decays from the second token
// of a block to token t, the state S_t / c_t of queries q_t c_t and keys k_t / c_t has none. A block ends where |ln c_t|
// would exceed 12, so nothing overflows however strong the decays are. A token that decays by more than e^-5 begins a
// block: there the state is multiplied by its decays, which may be 0.
//
// Within a block dg comes from running sums,
//
//	dg_t = dg_{t+1} + q_t dq_t - k_t dk_t
//
// which cancel where decays are strong. The first token of a block takes it from its definition instead, and the sums
// of the block before begin with that. So the error of dg, relative to the largest, is at most about e^5 times that of
// rounding whatever the decays: the tests hold float32 to 3e-5.
//
// A form in chunks (section 4 of arXiv 2312.06635) multiplies matrices of C tokens instead and does more arithmetic.
// Its four products took longer than LinearSteps for the same 64 tokens, on one core with AVX2, in microseconds:
//
//	K = V    LinearSteps    C = 16    32    64
//	 32       3.0            5.5      6.6   9.4
//	 64      11.7           16.4     18.8  24.4
//	128      46.5           66.6     66.8  75.1
//
// so there is no such form here.
package gla
