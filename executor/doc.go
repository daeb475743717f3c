// Package executor runs a Gorgonia graph: it fixes the order of the operations once, gives the outputs
// of planned ops buffers that are shared as soon as their last reader has run, and allocates nothing
// while it runs. It implements gorgonia.VM.
//
// Leaves (inputs and weights) are read from their nodes on every run, so G.Let between runs needs no
// new executor. Ops of package ops are planned; an op built into Gorgonia runs through its own Do,
// which allocates its output. The one exception is the sum that Gorgonia's differentiation itself
// inserts where a value is used twice: it runs on simd.Add in a planned buffer.
package executor
