package ops

import (
	"fmt"
	"hash"
	"hash/fnv"
	"slices"
	"sync/atomic"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/internal/gpu"
	"goomtrain/params"
)

// This file adapts definitions to Gorgonia's Op interfaces. Apply turns a definition into a node.
// Differentiation makes a single backward node from that, which computes the gradients of all inputs in one
// pass.

var (
	_ executor.PlannedOp = (*fused[float32])(nil)
	_ executor.PlannedOp = (*backward[float32])(nil)
	_ executor.PlannedOp = (*keptGradient[float32])(nil)
	_ executor.OwningOp  = (*sideOutput)(nil)
)

// instances numbers the ops. Gorgonia merges nodes with equal hashes, and no two ops here may be merged.
var instances atomic.Uint64

// identity has the methods that are the same for every op here.
type identity struct {
	name   string
	id     uint64
	inputs []hm.Type
	out    tensor.Shape
}

func newIdentity(name string, inputs G.Nodes, out tensor.Shape) identity {
	types := make([]hm.Type, len(inputs))
	for i, n := range inputs {
		if n.Dtype() == tensor.Int32 {
			types[i] = G.TensorType{Dims: n.Dims(), Of: tensor.Int32}
		} else {
			types[i] = floatType(n.Shape())
		}
	}
	return identity{name: name, id: instances.Add(1), inputs: types, out: out}
}

func floatType(s tensor.Shape) hm.Type {
	if len(s) == 0 {
		return hm.TypeVariable('a')
	}
	return G.TensorType{Dims: len(s), Of: hm.TypeVariable('a')}
}

func (o *identity) Arity() int            { return len(o.inputs) }
func (o *identity) ReturnsPtr() bool      { return false } // the result never aliases an input
func (o *identity) CallsExtern() bool     { return false }
func (o *identity) OverwritesInput() int  { return -1 }
func (o *identity) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s#%d", o.name, o.id) }
func (o *identity) String() string        { return o.name }

func (o *identity) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *identity) Type() hm.Type {
	return hm.NewFnType(append(append([]hm.Type(nil), o.inputs...), floatType(o.out))...)
}

func (o *identity) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.out.Clone(), nil }

// fused is the forward op of a definition.
type fused[F params.Float] struct {
	identity
	def    Definition[F]
	own    G.Value     // the output if the machine provides no buffer
	device *DeviceForm // on a GPU; nil until OnDevice
	part   *Part       // nil: sequences are whole
}

func mustApply(op G.Op, inputs ...*G.Node) *G.Node {
	n, err := G.ApplyOp(op, inputs...)
	if err != nil {
		panic(fmt.Sprintf("ops: %v: %v", op, err))
	}
	if n.Op() != op {
		panic(fmt.Sprintf("ops: the graph merged %v with another node", op))
	}
	return n
}

// Planned marks an executor.PlannedOp.
func (o *fused[F]) Planned() {}

func (o *fused[F]) Do(in ...G.Value) (G.Value, error) {
	if o.own == nil {
		o.own = newValue[F](o.out)
	}
	return o.UsePreallocDo(o.own, in...)
}

func (o *fused[F]) UsePreallocDo(out G.Value, in ...G.Value) (G.Value, error) {
	o.def.Forward(floats[F](out), in)
	return out, o.part.failed()
}

func (o *fused[F]) DiffWRT(int) []bool {
	diff := make([]bool, len(o.def.Grads))
	for i, g := range o.def.Grads {
		diff[i] = g != GradNone
	}
	return diff
}

// SymDiff adds the backward node, whose children are the inputs, the output and the output's
// gradient, and a node for each further gradient.
func (o *fused[F]) SymDiff(inputs G.Nodes, output, dout *G.Node) (G.Nodes, error) {
	children := append(append(G.Nodes(nil), inputs...), output, dout)
	primary := slices.Index(o.def.Grads, GradPrimary)
	b := &backward[F]{
		identity: newIdentity(o.name+".backward", children, inputs[primary].Shape()),
		of:       o,
		primary:  primary,
		grads:    make([][]F, len(inputs)),
		sides:    make([]*sideOutput, len(inputs)),
	}
	main, err := G.ApplyOp(b, children...)
	if err != nil {
		return nil, err
	}
	result := make(G.Nodes, len(inputs))
	for i, g := range o.def.Grads {
		switch g {
		case GradNone, GradSame:
			result[i] = dout // of GradNone it is never read: DiffWRT says so
		case GradPrimary:
			result[i] = main
		case GradSide:
			v := newValue[F](inputs[i].Shape())
			b.grads[i] = floats[F](v)
			s := &sideOutput{identity: newIdentity(fmt.Sprintf("%s.grad%d", o.name, i), G.Nodes{main}, inputs[i].Shape()), value: v}
			b.sides[i] = s
			if result[i], err = G.ApplyOp(s, main); err != nil {
				return nil, err
			}
		}
	}
	if o.def.Differentiate != nil {
		o.def.Differentiate(b.grads)
	}
	return result, nil
}

// backward is the op that computes all gradients of a fused op.
type backward[F params.Float] struct {
	identity
	of      *fused[F]
	primary int           // the input whose gradient is the output
	grads   [][]F         // of all inputs; those of GradSide are owned
	sides   []*sideOutput // by input; nil: it is not GradSide
	own     G.Value       // the output if the machine provides no buffer
}

// Planned marks an executor.PlannedOp.
func (o *backward[F]) Planned() {}

func (o *backward[F]) Do(in ...G.Value) (G.Value, error) {
	if o.own == nil {
		o.own = newValue[F](o.out)
	}
	return o.UsePreallocDo(o.own, in...)
}

func (o *backward[F]) UsePreallocDo(out G.Value, in ...G.Value) (G.Value, error) {
	n := len(o.of.def.Inputs)
	o.grads[o.primary] = floats[F](out)
	o.of.def.Backward(o.grads, in[:n:n], floats[F](in[n]), floats[F](in[n+1]))
	return out, o.of.part.failed()
}

// sideOutput returns a buffer that another op owns. Its one child only orders it after that op.
type sideOutput struct {
	identity
	value  G.Value
	device gpu.Ptr // on a GPU; 0: it has no memory there
}

// OwnsOutput marks an executor.OwningOp.
func (o *sideOutput) OwnsOutput() {}

func (o *sideOutput) Do(...G.Value) (G.Value, error) { return o.value, nil }

// newSideOutput returns a further output of the op of y. It panics if Apply has not made that op.
func newSideOutput[F params.Float](y *G.Node, name string, shape tensor.Shape) sideOutput {
	if _, ok := y.Op().(*fused[F]); !ok {
		panic(fmt.Sprintf("ops: %s: %v is not the output of an op that Apply made with elements of type %v", name, y, DType[F]()))
	}
	return sideOutput{identity: newIdentity(name, G.Nodes{y}, shape), value: newValue[F](shape)}
}

// detached is a side output through which no gradient flows.
type detached struct{ sideOutput }

func (o *detached) DiffWRT(int) []bool { return []bool{false} }

func (o *detached) SymDiff(G.Nodes, *G.Node, *G.Node) (G.Nodes, error) {
	return nil, fmt.Errorf("%s has no gradient", o.name)
}

// differentiable is a side output with a gradient.
type differentiable[F params.Float] struct {
	sideOutput
	dout []F // nil unless the loss depends on the output
}

func (o *differentiable[F]) DiffWRT(int) []bool { return []bool{true} }

// SymDiff adds a node that keeps the gradient for the backward op of the child. Its own value is what this output adds
// to the gradient of the child's output, zeros, so Gorgonia runs it before the backward op.
func (o *differentiable[F]) SymDiff(inputs G.Nodes, _, dout *G.Node) (G.Nodes, error) {
	o.dout = make([]F, o.out.TotalSize())
	n, err := G.ApplyOp(&keptGradient[F]{identity: newIdentity(o.name+".grad", G.Nodes{dout}, inputs[0].Shape()), kept: o.dout}, dout)
	return G.Nodes{n}, err
}

// keptGradient copies its input and returns zeros.
type keptGradient[F params.Float] struct {
	identity
	kept []F
	own  G.Value // the output if the machine provides no buffer
}

// Planned marks an executor.PlannedOp.
func (o *keptGradient[F]) Planned() {}

func (o *keptGradient[F]) Do(in ...G.Value) (G.Value, error) {
	if o.own == nil {
		o.own = newValue[F](o.out)
	}
	return o.UsePreallocDo(o.own, in...)
}

func (o *keptGradient[F]) UsePreallocDo(out G.Value, in ...G.Value) (G.Value, error) {
	copy(o.kept, floats[F](in[0]))
	clear(floats[F](out))
	return out, nil
}
