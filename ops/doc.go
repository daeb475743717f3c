// Package ops holds the fused operations of the project as nodes of a Gorgonia graph, one file an op:
// its formula, its shapes and its gradient. The arithmetic is in internal/kernels, in internal/simd
// and in goom; op.go is the one place that knows Gorgonia's Op interfaces.
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
// A function of this package adds one node to the graph of its arguments and returns it. Its element
// type, float32 or float64, is that of its first float argument. A wrong shape is a mistake of the
// caller and panics with the shapes named. Every op writes all of its output on every run, keeps no
// reference to its inputs, and computes the gradients of all its inputs in one backward pass.
//
// Gradients come from gorgonia.Grad, once a graph. Graphs run on package executor (planned buffers,
// no allocation) or on Gorgonia's own TapeMachine, with the same results.
package ops
