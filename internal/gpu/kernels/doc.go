// Package kernels has the kernels of a GPU: twins of those of internal/kernels, in float32, with the same names, methods and
// order of arguments. An address takes the place of a slice, and 0 that of nil. A constructor has a gpu.Scope as its first
// argument, in which it allocates what the kernel keeps. Methods only launch: they do not wait for the GPU and return no
// error, since the queue keeps the first one.
//
// The sources are CUDA C++, in package cuda. Its build.sh compiles each X.cu to X.ptx with clang alone. After a change of a
// header, run it for all of them.
//
// A sum has an order that depends on the sizes alone, and there are no atomic operations: the same numbers give the same bits in
// every run. Divisions and roots are rounded as IEEE 754 says, and exp and ln consist of such operations (math.h), so a GPU and
// the emulator give the same bits too, but for products on tensor cores. NaN spreads to all that depends on it. Denormal
// numbers are kept.
package kernels
