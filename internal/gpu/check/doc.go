// Package check shows that the kernels do on a GPU what they do on the emulator, and measures how fast they are there.
//
// A Case runs kernels on given numbers. Those without tensor cores give the same bits on every device, because they use only
// instructions that IEEE 754 defines to the bit, in a fixed order. A Speed is a kernel at a size that fills a GPU, with the work
// that it does.
package check
