// Package s4d computes the diagonal state-space model S4D (arXiv 2206.11893). Each of the H channels has N/2 complex modes
// (the others are their conjugates):
//
//	dt = e^logDt    A = -e^logAReal + i aImag    a = e^(dt A)    b = (a - 1)/A
//	s_t = a s_{t-1} + b u_t        y_t = 2 Re(sum over modes of C s_t) + D u_t
//
//	u, y [B, T, H]   logDt, D [H]   logAReal, aImag [H, N/2]   C [H, N/2, 2], real and imaginary parts
//
// Kernel keeps the state divided by b, s'_t = a s'_{t-1} + u_t, and reads it with C' = C b: two multiplications less for
// every mode and step. Its gradients are those of the real and imaginary parts, complex numbers G = dL/dRe + i dL/dIm,
// with conjugates written ~:
//
//	G_t = 2 ~C' dy_t + ~a G_{t+1}        du_t = Re(sum over modes of G_t) + D dy_t        dD = sum of dy_t u_t
//	Ga = sum of G_t ~s'_{t-1}           GC' = sum of 2 dy_t ~s'_t
//	GC = GC' ~b    Gb = sum of G_t u_t / ~b    GA = Ga ~(dt a) + Gb ~(db/dA)    dlogDt = dt Re(sum over modes of Ga ~(A a) + Gb ~a)
//
// Forms:
//
//   - Kernel, the fast one: eight channels side by side, states in the cache. The states of every 64th position are kept for
//     Backward, which computes the others again.
//   - A Carry, the last state, makes Kernel a streaming form.
//   - Naive, the definition in complex128.
//
// S4D is a smoother: |a| < 1 and the phases are fixed, so it neither counts nor recalls.
package s4d
