// Package ops holds the fused operations of the project as nodes of a Gorgonia graph, one file an op:
// its formula, its shapes and its gradient. The arithmetic is in internal/kernels, in internal/simd
// and in goom; node.go is the one place that knows Gorgonia's Op interfaces.
//
// # Dimensions
//
// One legend for every comment and name in the project:
//
//	B batch   T time   D model width   H heads (or N hidden vectors)   K key width   V value width
//	S vocabulary   P Taylor terms   R rows: all leading dimensions together
//
// Tensors are row-major. Activations are [B, T, D]; ops that work row by row take any leading
// dimensions.
//
// # Conventions
//
// A function of this package adds one node to the graph of its arguments and returns it. Its type
// parameter is the element type, float32 or float64, of the node and of all arguments that are not
// indices: ops.GELU[float32](x). Another element type or a wrong shape is a mistake of the caller and
// panics with the op, the operand and what it should be. Every op writes all of its output on every run,
// keeps no reference to its inputs, and computes the gradients of all its inputs in one backward pass.
//
// Gradients come from gorgonia.Grad, once a graph. Graphs run on package executor (planned buffers,
// no allocation) or on Gorgonia's own TapeMachine, with the same results.
//
// # Ops of your own
//
// The ops here are made by Apply from a Definition: the inputs, the shape, the formula and the formula of
// the gradient, over flat slices. Apply is open to other modules, and what it makes runs like the ops of
// this package: in planned buffers on the executor, and on the TapeMachine. ExtraOutput gives such an op a
// second result; package parallel shares its loops out over the threads.
package ops
