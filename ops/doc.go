// Package ops provides differentiable operations for Gorgonia graphs. Each fuses what Gorgonia would do in many
// nodes into one, with a gradient derived by hand. There is one file for each op, with its formula, shapes and
// gradient. The arithmetic is in internal/kernels, internal/simd and goom; node.go is the only file that deals
// with Gorgonia's Op interfaces.
//
// # Dimensions
//
// All comments and names of the project use these letters:
//
//	B batch   T time   D model width   H heads (or N hidden vectors)   K key width   V value width
//	S vocabulary   P Taylor terms   R rows: all leading dimensions together
//
// Tensors are row-major. Activations are [B, T, D]; ops that work row by row accept any leading dimensions.
//
// # Conventions
//
// A function of this package adds one node to the graph of its arguments and returns it. Its type parameter is
// the element type, float32 or float64, of the node and of all arguments that are not indices:
// ops.GELU[float32](x). Another element type or a wrong shape is a programming mistake: the function panics and
// names the op, the operand and what is expected. Every op writes all of its output in every run, keeps no
// reference to its inputs, and computes the gradients of all its inputs in one backward pass.
//
// Gradients come from gorgonia.Grad, called once for each graph. Graphs run on package executor, with planned
// buffers and no allocation, or on Gorgonia's own TapeMachine, with the same results.
//
// # Sequences in parts
//
// Part.Cut makes a graph that of a part of each sequence, of which other processes have the other parts at the same time. An
// op that maps each position by itself stays as it is. Of the others,
//
//   - linear recurrences, and attentions with a state, first compute what the part leaves behind if it begins with zeros.
//     One all-gather of that gives each part the state before it, and another in the backward pass the gradient of its last
//     state (arXiv 2502.07563). What parts leave is in part.go of the kernels' packages;
//   - softmax attention gathers keys and values, and convolutions the last inputs of each part (halo.go). Their gradients are
//     sent back and added up in the order of ranks;
//   - recurrences whose transitions are not linear, or too large to multiply, pass the state on from part to part (relay.go).
//
// # Your own ops
//
// Apply makes an op from a Definition: the inputs, the shape, the formula and the formula of the gradient, over
// flat slices. Other modules can call it, and their ops run like those of this package, in planned buffers on
// the executor and on the TapeMachine. ExtraOutput adds a second result to such an op, GradOutput one with a
// gradient. Package parallel divides its loops among the threads.
package ops
