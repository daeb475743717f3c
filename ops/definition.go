package ops

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/gpu"
	"goomtrain/params"
)

// A Definition describes an op of element type F whose gradient is derived by hand: its inputs, its shape, the
// formula and the formula of the gradient. Apply turns it into a node of a graph. A definition makes a single
// node; buffers that Forward fills for Backward belong to the closures of that node.
//
// Data is flat and row-major. A scalar is a slice of length 1.
type Definition[F params.Float] struct {
	// Name is the op's name in profiles and errors.
	Name string

	// Inputs are nodes of one graph, with elements of type F or, for indices, int32.
	Inputs G.Nodes

	// Grads tells, for each input, where its gradient is written. Exactly one is GradPrimary.
	Grads []Gradient

	// Out is the shape of the output, whose elements are of type F. Empty: a scalar.
	Out tensor.Shape

	// Forward is called once in every run of the graph. It must write every element of out, whose content
	// before the call is undefined: NaN, or numbers of another op that used the buffer. It must not write to
	// the inputs or keep a reference to out or to the data of in: the next run may use other memory.
	Forward func(out []F, in Operands[F])

	// Backward is called after Forward, once in every run of a graph in which gorgonia.Grad has requested a
	// gradient through this op. in and out are the operands and the result of Forward, unchanged. dout, of the
	// shape of out, is the gradient of the loss with respect to out. Buffers of the definition still hold what
	// Forward stored in them.
	//
	// grads has one slice for each input, of the size of the input, which is nil for GradNone and GradSame.
	// Backward must write (not add to) every element of the others, whether the loss needs that gradient or
	// not; their content before the call is undefined. It must not write to in, out or dout, nor keep a
	// reference to any of them. No slice of grads shares memory with another, or with in, out or dout.
	Backward func(grads [][]F, in Operands[F], out, dout []F)

	// Differentiate may be nil. Otherwise gorgonia.Grad calls it once, while the graph is built and before any
	// run, so that Forward can prepare what only Backward needs, or compute gradients itself. grads has the
	// slices of the GradSide inputs, the same ones as in every later call of Backward; all others are nil.
	Differentiate func(grads [][]F)

	// Cut makes the op one of a part of each sequence, where sequences are cut over processes: see Part. It is called once,
	// while the graph is built. An op that maps each position by itself has Positionwise. nil: the op needs the whole
	// sequence. Forward and Backward of an op that has it run at the same place of the same graph in all processes.
	Cut func(p *Part)

	// Independent makes every sequence of the batch have the result, to the bit, that it would have if it were the only one:
	// see Independent. It is called once, while the graph is built. nil: Forward is so anyway.
	Independent func()

	// OnDevice makes the twin of the op on a GPU, in float32. nil: the op runs on the CPU only. It is called when a graph
	// is compiled for a GPU. What the twin needs lives in the scope. Ops of other modules leave it nil, since kernels and
	// devices are internal to this one.
	OnDevice func(s *gpu.Scope) DeviceForm
}

// A DeviceForm is an op on a GPU. Its functions launch kernels, which run in their order, and do not wait for them. They
// follow the rules of those of the same name in Definition, with addresses on the device in the place of slices and 0 in
// the place of nil.
type DeviceForm struct {
	Forward       func(out gpu.Ptr, in []gpu.Ptr)
	Backward      func(grads, in []gpu.Ptr, out, dout gpu.Ptr)
	Differentiate func(grads []gpu.Ptr) // called once, before any run; may be nil
}

// A Gradient tells where the gradient of the loss with respect to one input of an op is written.
type Gradient int

const (
	// GradNone: the input has no gradient. Indices and constants have none.
	GradNone Gradient = iota

	// GradPrimary: Backward writes it to a buffer that the executor plans and reuses within a run. Every op has
	// exactly one such input. Choose the largest activation, which saves most memory.
	GradPrimary

	// GradSide: Backward writes it to a buffer that belongs to this op alone. This is for parameters and
	// further activations.
	GradSide

	// GradSame: the gradient equals that of the output, so nothing is computed or copied. This is for an input
	// of the shape of the output that is only added to the result, such as a residual.
	GradSame
)

func (g Gradient) String() string {
	if g < GradNone || g > GradSame {
		return fmt.Sprintf("Gradient(%d)", int(g))
	}
	return [...]string{"GradNone", "GradPrimary", "GradSide", "GradSame"}[g]
}

// Apply adds an op to the graph of its inputs and returns its output. The node can be differentiated by
// gorgonia.Grad, once for each graph. It runs on package executor and on Gorgonia's TapeMachine.
//
// An inconsistent definition is a programming mistake: Apply panics with the name of the op and what is wrong.
func Apply[F params.Float](def Definition[F]) *G.Node {
	if mistake := def.mistake(); mistake != "" {
		panic(fmt.Sprintf("ops: %s: %s", def.Name, mistake))
	}
	// the caller may change its slices after the call
	def.Inputs, def.Grads, def.Out = slices.Clone(def.Inputs), slices.Clone(def.Grads), slices.Clone(def.Out)
	op := &fused[F]{identity: newIdentity(def.Name, def.Inputs, def.Out), def: def}
	return mustApply(op, def.Inputs...)
}

// mistake describes what is wrong with the definition, "" if nothing is.
func (def *Definition[F]) mistake() string {
	switch {
	case def.Name == "":
		return "the op has no name"
	case def.Forward == nil:
		return "Forward is nil"
	case def.Backward == nil:
		return "Backward is nil"
	case len(def.Grads) != len(def.Inputs):
		return fmt.Sprintf("%d inputs and %d gradients, want one gradient for each input", len(def.Inputs), len(def.Grads))
	case slices.ContainsFunc(def.Out, func(d int) bool { return d < 1 }):
		return fmt.Sprintf("the output has shape %v, want dimensions of at least 1", def.Out)
	}
	primaries := 0
	for i, g := range def.Grads {
		n := def.Inputs[i]
		if n == nil {
			return fmt.Sprintf("input %d is nil", i)
		}
		switch of := n.Dtype(); {
		case g < GradNone || g > GradSame:
			return fmt.Sprintf("the gradient of input %d is %v, want one of the constants from GradNone to GradSame", i, g)
		case of != DType[F]() && of != tensor.Int32:
			return fmt.Sprintf("input %d has elements of type %v, want %v, or int32 for indices", i, of, DType[F]())
		case of == tensor.Int32 && g != GradNone:
			return fmt.Sprintf("the gradient of input %d is %v, want GradNone for elements of type int32", i, g)
		case g == GradSame && !slices.Equal(n.Shape(), def.Out):
			return fmt.Sprintf("the gradient of input %d is GradSame, but its shape is %v and the output's %v", i, n.Shape(), def.Out)
		case g == GradPrimary:
			primaries++
		}
	}
	if primaries != 1 {
		return fmt.Sprintf("%d gradients are GradPrimary, want exactly one", primaries)
	}
	return ""
}

// ExtraOutput adds another output of that shape to the op of node y, which Apply has made. It returns a node
// and the slice that holds the value of the node. Forward of the op must write every element of the slice in
// every run. The slice belongs to this op alone: its content remains until Forward writes it again.
//
// No gradient flows through the extra output (GradOutput makes one with a gradient): gorgonia.Grad returns an
// error if the loss depends on an input through it alone, and otherwise counts only the other paths. The name
// appears in profiles and errors. ExtraOutput panics if Apply has not made the op of y with element type F.
func ExtraOutput[F params.Float](y *G.Node, name string, shape tensor.Shape) (*G.Node, []F) {
	op := &detached{newSideOutput[F](y, name, shape)}
	return mustApply(op, y), floats[F](op.value)
}

// GradOutput is ExtraOutput for an output that the loss may depend on. The gradient of the loss with respect
// to it is what dout returns during Backward of the op: as many numbers as the output has, or nil if the loss
// does not depend on it. Backward must not write to them or keep a reference to them.
func GradOutput[F params.Float](y *G.Node, name string, shape tensor.Shape) (node *G.Node, value []F, dout func() []F) {
	op := &differentiable[F]{sideOutput: newSideOutput[F](y, name, shape)}
	return mustApply(op, y), floats[F](op.value), func() []F { return op.dout }
}
