// Package delta computes the delta rule (DeltaNet, arXiv 2406.06484), with decays (Gated DeltaNet, arXiv 2412.06464) and
// with several steps a token (DeltaProduct, arXiv 2502.10297), head by head. A token decays the state S [K, V], and each of
// its n steps corrects what the state holds under a key:
//
//	S <- a S     r_j = v_j - k_j S    S <- S + beta_j k_j^T r_j   (j = 1..n)     o = s q S       a = exp(g)
//
//	q [B, T, KH, K]   k [B, T, n, KH, K]   v [B, T, n, VH, V]   beta [B, T, n, VH]   g [B, T, VH]   o [B, T, VH, V]
//
// Gradient, step by step from the last to the first, with dS the adjoint of the state after the step:
//
//	dS += s q^T do    kd = k dS    dbeta = kd . r    dv = beta kd    dk = beta dS r^T    dS <- a (dS - k^T dv)
//
// and then from the first to the last, through the same states again, which r makes without any inner product:
//
//	dk -= a S dv^T    S <- a S + beta k^T r    dq = s S do^T
//
// so no states are stored: the memory is that of r. The second pass has the state transposed, so that its sums, too, are
// over rows. A step whose state before is S and whose adjoint after it, without its own query, is A, changes <dS, S> by
//
//	s q (a S) do^T - k (a S) dv^T - k A (beta r)^T
//
// and the gradient of g_t is the sum of that over the steps from t on. The terms are no larger than the decays about them,
// so that it has the digits of the type relative to its largest entry (with s q S do^T - k dS r^T, which is the same, all
// digits are lost under decays of e^-20).
//
// Forms:
//
//   - Kernel, the fast one: a worker takes a block of 32 columns of the state of one head through time.
//   - A Carry makes Kernel a streaming form: it takes the states from one stretch of a sequence to the next. The bits are
//     those of the whole sequence.
//   - Leave, Enter and the like (part.go) make Kernel the form of a part of a sequence, of which other parts are computed at
//     the same time elsewhere.
//   - Naive, the definition.
//
// There is no form by chunks of C tokens, the WY form of the papers: it replaces steps by matrix products, but by more
// multiplications, and a step runs at 0.8 of the machine's peak. Its products alone, in the cache and without what else it
// needs (substitution, masks, exponentials, states to keep), take the following parts of the time of Kernel on one thread with
// AVX2; see BenchmarkChunk.
//
//	             forward, C = 16   32    64      backward, C = 16   32    64
//	K = V = 32    1.57             2.02  3.13     1.05              1.35  2.04
//	K = V = 64    1.12             1.38  1.97     0.83              1.01  1.41
//	K = V = 128   1.17             1.16  1.41     0.87              0.85  0.99
//
// The tests have it as a second definition.
package delta
