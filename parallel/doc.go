// Package parallel runs loops on all cores. The arithmetic of the project runs on it, and so can ops,
// optimizers and tasks of other modules: one pool of goroutines serves all of them, and SetThreads bounds it.
//
// Results must not depend on the number of threads, or a run could not be repeated on another machine. They
// do not if every call of a body writes only to what belongs to its index, and sums over several indices are
// made afterwards, in a fixed order.
package parallel
