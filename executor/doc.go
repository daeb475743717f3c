// Package executor runs Gorgonia graphs. It implements gorgonia.VM.
//
// New compiles a graph for the nodes whose values are needed; RunAll computes them, any number of times, and
// Value reads them. The executor fixes the order of the operations once. It gives outputs of planned ops
// buffers, which are reused as soon as the last reader has run. A run allocates nothing.
//
// # Inputs and results
//
// Each run reads leaves (inputs and weights) from their nodes. Bind a value once with gorgonia.Let and change
// its numbers in place between runs, or bind another value of the same shape; neither needs a new executor.
// Values must be row-major and contiguous.
//
// After a run only the nodes that were passed to New have a value. It is in the memory of the executor, and the
// next run overwrites it: copy what you need longer.
//
// # Planned ops
//
// Planned are the ops of package ops, those made by ops.Apply, and others that implement PlannedOp. An op built
// into Gorgonia runs through its own Do, which allocates its output. The one exception is the elementwise sum
// of two tensors, which Gorgonia's differentiation inserts where a value is used twice: it runs on a kernel of
// this project, in a planned buffer.
package executor
