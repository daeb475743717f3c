// Package goom is arithmetic over generalized orders of magnitude: real numbers of any size, from
// 10^-(10^18) to 10^(10^18) and beyond, as tensors on plain slices, without a graph (arXiv 2510.03426).
//
// A number x has one of two forms:
//
//   - log-sign, type Tensor: the logarithm l = ln|x| and the sign s = +1 or -1. Elementwise functions take it.
//     Its precision is that of the logarithm: at l = 10^6 a float32 gives x to 3 %, a float64 to 10^-10.
//   - block-scaled, type Matrices: a matrix of float mantissas under one int64 exponent, value =
//     mantissa * 2^exponent. Rescaling is exact and costs no exp or log, so all chains and scans run
//     in this form and keep every digit at any magnitude.
//
// Conventions:
//
//   - Everything is generic over float32 and float64, flat and row-major. Matrices act on row vectors
//     from the right: a chain is X_1 X_2 ... X_T.
//   - Zero has the finite logarithm Floor = 2 ln(smallest normal), sign +1; -Inf is understood too. A
//     finite logarithm below Floor is an ordinary small number. No other number gets the logarithm Floor.
//   - Gradients are with respect to logarithms; signs carry none. The gradient of a result that is
//     exactly zero is zero. The functions named Grad return or write gradients; with a destination
//     first they allocate nothing.
//   - NaN and infinities follow the rules of floats: NaN spreads, Inf - Inf and 0 * Inf are NaN. No value
//     makes a function panic; a wrong shape does, and the message names it.
//   - Long operands are shared out over the cores in pieces that depend on the shapes alone, so
//     results have the same bits whatever the number of threads.
package goom
