// Package ptx runs kernels written in NVIDIA's PTX on the CPU, so that code for GPUs is tested where there is no GPU.
//
// It knows the instructions that clang emits for ordinary CUDA C++, and products of matrices, copies without waiting and
// exchanges between threads as inline assembly has them. Any other instruction is refused, with its line: atomics,
// textures, calls of functions, barriers of some threads of a block.
//
// It is stricter than a GPU. These are errors, which name kernel, block, thread and line of the PTX:
//
//   - a read of memory that nobody has written, and an access that is beside an allocation or not aligned
//   - two blocks of a launch that use one word of global memory, or two warps that use one word of shared memory with no
//     barrier between, while one of them writes
//   - threads that wait at a barrier, a shuffle or its like for others that never come
//   - a shuffle from a thread that does not take part
//
// What threads of one warp do to each other's memory is not checked: they run in step, and those that are further behind
// run first. A word of 4 bytes is the unit of the checks between blocks and between warps. Subnormal numbers, infinities and signed
// zeros are as PTX has them, each operation of floats is rounded once, and NaN of float32 is 0x7fffffff. Approximate
// operations (ex2.approx and others) and the sums of tensor cores are computed in float64 and rounded once, so a GPU
// gives other bits for them.
//
// Blocks run in parallel on as many threads as GOMAXPROCS says. Neither that nor the order of the blocks changes results
// or hides a conflict between blocks. Where two blocks conflict, either may be the one that the error names.
//
// The source is the PTX ISA manual, version 7.0.
package ptx
