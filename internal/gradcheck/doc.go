// Package gradcheck compares hand-derived gradients with finite differences in float64.
//
// A derivative is estimated by central differences at two step sizes and Richardson extrapolation,
// (4 D(h/2) - D(h)) / 3, whose error is of order h^4; with the step of about 1e-3 of a number's
// magnitude a smooth function's gradient is known to about 1e-10. Errors are relative to the gradient's
// largest magnitude, so that an entry that happens to be near zero does not fail on rounding alone.
package gradcheck
