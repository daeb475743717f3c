// Package lyapunov estimates Lyapunov exponents from the Jacobians of a map or of the steps of a flow: the
// mean rates, per unit of time, at which small deviations grow along each direction.
//
// Three estimators take the same Jacobians J_1, J_2, ... in lists of any length and can be asked for their
// exponents at any time (arXiv 2510.03426):
//
//   - Sequential, the standard method: Q_t R_t = J_t Q_{t-1}, exponents the means of ln|diag R_t| / dt.
//   - Parallel, the same spectrum by a prefix scan over the Jacobians. All states are computed at once, shared out
//     over the cores, and block-scaled, so that they do not overflow. Selective resetting makes their vectors
//     orthonormal again wherever they have become colinear.
//   - Largest, only the largest: ln|J_T ... J_1 u_0| / (T dt) by a reduction over the cores.
//
// A Jacobian is [d, d] row-major, J_ij = d x_i(t+1) / d x_j(t), acting on columns. Lists of n are flat,
// [n, d, d]. Flows need the Jacobian of the integrator's whole step (System.Step gives that of a
// Runge-Kutta step): with I + dt Df the exponents are wrong by tens of percent at dt = 0.01. Exponents are in the order of
// the columns, which is largest first after some steps, in nats per unit of time.
package lyapunov
