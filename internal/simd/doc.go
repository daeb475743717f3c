// Package simd holds the primitives on slices of floats under every kernel of the project: matrix
// products, elementwise functions, reductions, the fused rows of training, and the one parallel-for.
//
// Conventions:
//
//   - Matrices are row-major; lda, ldb and ldc are the distances between rows of the stored matrices,
//     in elements. dst is written in place and may be a source (exactly the same slice); a partial
//     overlap is refused.
//   - Wrong shapes are a programming mistake and panic with the values named. NaN, infinities, signed
//     zeros and denormals are treated as package math treats them.
//   - Every function is generic over float32 and float64 and allocates nothing in the steady state.
//   - Results have the same bits whatever the number of threads: matrix products are split over rows
//     and columns, over the inner dimension only where the shape says so, and every loop is split by
//     its length alone.
//   - On amd64 with AVX2 and FMA the float32 functions and both types' matrix products are assembly,
//     written by the generator in the gen folder (go generate), chosen at run time; with AVX-512 the
//     float32 products, exponentials and logarithms take vectors twice as wide and make the same
//     bits. Elsewhere, and under the build tag noasm, portable Go twins do the same; the two agree
//     within rounding, not bit by bit. float64 exists for checking: its elementwise functions are
//     loops over package math.
//   - An assembly call cannot be preempted, so long slices are cut into pieces of some microseconds.
//
// Beside it: blas gives these kernels to libraries that take a BLAS, peak measures the yardstick of the
// benchmarks, compare (a module of its own, with cgo) times them against OpenBLAS, gen writes the assembly.
//
// Accuracy of the float32 functions: at most 2 ulp over the whole range (the tests sweep it).
package simd
