// Gpucheck shows on a machine with an NVIDIA GPU that training there does what it should, and how fast it is:
//
//	go run -tags gpu ./cmd/gpucheck
//
// It compares every kernel with the emulator: to the bit, and within a tolerance where tensor cores compute. It trains a small
// model on the GPU and on the CPU and compares the losses. Then it measures kernels and training steps, beside what the memory
// and the units of multiplication of the GPU allow. The exit code is 1 if a comparison fails.
package main
