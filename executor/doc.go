// Package executor runs a Gorgonia graph. It implements gorgonia.VM.
//
// New compiles a graph for the nodes whose values are wanted; RunAll then computes them as often as
// needed, and Value reads them. It fixes the order of the operations once, gives the outputs of planned
// ops buffers that are shared as soon as their last reader has run, and allocates nothing while it runs.
//
// # Inputs and results
//
// Leaves (inputs and weights) are read from their nodes on every run: bind a value once with
// gorgonia.Let and change its numbers in place between runs, or bind another value of the same shape. A
// compiled graph needs no new executor for either. Values must be row-major and contiguous.
//
// Only the nodes that New was told to keep have a value after a run. It is the executor's own memory,
// which the next run overwrites: copy what must outlive it.
//
// # Which ops are planned
//
// The ops of package ops are, and those made by ops.Apply; an op of another kind is if it is a PlannedOp.
// An op built into Gorgonia runs through its own Do, which allocates its output. The one exception is
// the elementwise sum of two tensors, which Gorgonia's differentiation inserts where a value is used
// twice: it runs on the project's own kernel in a planned buffer.
package executor
