// Package simd holds the primitives on slices of floats under every kernel of the project: elementwise functions,
// reductions, the fused rows of training, and the one parallel-for. Matrix products are in package matmul.
//
// Conventions:
//
//   - Matrices are row-major. dst is written in place and may be a source (exactly the same slice); a partial
//     overlap panics.
//   - Wrong shapes are a programming mistake and panic with the values. NaN, infinities, signed zeros and
//     subnormal numbers are treated as package math treats them.
//   - Every function is generic over float32 and float64 and allocates nothing in the steady state.
//   - Results have the same bits for any number of threads: every loop is cut by its length alone.
//   - On amd64 with AVX2 and FMA the float32 functions are assembly, chosen at run time; some use the vectors of
//     AVX-512 where the machine has them, with the same bits. Elsewhere, and under the build tag noasm, the portable
//     Go functions do the same. The two agree within rounding, not bit by bit. float64 exists for checking and
//     always takes the portable functions.
//   - An assembly call cannot be preempted, so long slices are cut into pieces of some microseconds.
//
// The float32 functions are accurate to 2 ulp over the whole range (the tests sweep it).
//
// A primitive X has its documentation and checks in X.go, the same in Go in X_portable.go, and for amd64 the
// calls of the assembly in X_amd64.go, its declarations with each kernel's loop in X_stubs_amd64.go and the
// assembly in X_amd64.s. Builds without assembly take the portable functions by noasm.go. The program in the
// folder gen writes the assembly and its declarations (go generate).
//
// Beside it: cpu says which instructions are in use, floats is about the element type and shared memory, peak
// measures the rate that benchmarks compare with, simdtest serves the tests.
package simd

//go:generate ./gen/gen.sh
