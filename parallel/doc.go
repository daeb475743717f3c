// Package parallel runs loops on all cores. The kernels of the project use it, and ops, optimizers and tasks of
// other modules can. All share one pool of goroutines; SetThreads sets its size.
//
// Results must not depend on the number of threads, or a run could not be repeated on another machine. They do
// not if every call of a body writes only to memory that belongs to its index, and sums over several indices
// are computed afterwards, in a fixed order.
package parallel
