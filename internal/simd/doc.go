// Package simd holds the primitives on slices of floats under every kernel of the project.
package simd

// Float is the element type of every kernel: float32 in production, float64 for checking.
type Float interface{ float32 | float64 }
