// Package scan computes diagonal linear recurrences along time, every channel on its own:
//
//	Diag     x_t = a_t x_{t-1} + b_t, coefficients of any sign
//	LogDiag  the same of positive numbers that are given and returned as logarithms
//	Gated    x_t = sigmoid(c_t) x_{t-1} + exp(l_t), read out as ln x_t: decay positions
//
// Diag and LogDiag take tensors [outer, T, inner], where inner = 1 is the layout with time last; Gated
// takes [B, T, D]. Arguments named d... are gradients of a scalar loss.
//
// A step waits for the one before it, so the fast forms compute several channels, or several pieces of
// one long channel, side by side. How a channel is cut depends on the shape alone. A GatedCarry makes
// Gated a streaming form: it takes the state from one stretch of a sequence to the next. Leave, Enter and
// the like (part.go) make it the form of a part of a sequence, of which other parts are computed at the
// same time elsewhere.
//
// The naive forms, NaiveDiag, NaiveLogDiag and NaiveGated, are the definitions for one channel in
// float64. LogDiag and Gated never form prefix sums of logarithms, whose rounding grows with T: every
// step is the larger of its two terms plus at most ln 2.
package scan
