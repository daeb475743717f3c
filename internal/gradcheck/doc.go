// Package gradcheck compares hand-derived gradients with finite differences in float64.
//
// It estimates a derivative by central differences at two step sizes and Richardson extrapolation, (4 D(h/2) -
// D(h)) / 3, whose error is of order h^4. With a step of about 1e-3 of a number's magnitude the gradient of a
// smooth function is accurate to about 1e-10. Errors are relative to the largest magnitude of the gradient, so
// that an element near zero does not fail because of rounding alone.
package gradcheck
