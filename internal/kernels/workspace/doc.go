// Package workspace is the memory in which the kernels of all families work: scratch memory for the
// workers of a parallel loop, and the sum of what each of them has made.
package workspace
