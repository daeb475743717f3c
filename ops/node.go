package ops

import (
	"fmt"
	"hash"
	"hash/fnv"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/simd"
)

// This file is the only adapter to Gorgonia's Op interfaces. An op's own file states a definition;
// apply turns it into a node, and differentiation turns that into ONE backward node that computes
// the gradients of all inputs in one pass.

// gradient says where the gradient of one input of an op comes from.
type gradient int

const (
	none    gradient = iota // the input has no gradient: indices, constants
	primary                 // the output of the backward node; exactly one input, the largest activation
	side                    // a buffer that the backward node owns: parameters and further activations
	same                    // the output's gradient itself, uncopied: an input that is only added
)

// A definition is all that an op states about itself.
type definition[F simd.Float] struct {
	name   string
	inputs G.Nodes
	grads  []gradient   // one for each input
	out    tensor.Shape // empty: a scalar

	// forward writes every element of out. It keeps no reference to in or out.
	forward func(out []F, in operands[F])

	// backward writes every element of each non-nil grad[i]; those of none and same are nil. It may
	// use what forward saved in buffers of its own, never slices that forward was given.
	backward func(grad [][]F, in operands[F], out, dout []F)

	// differentiate, if set, is called once, when a gradient is asked for while the graph is built,
	// with the side buffers.
	differentiate func(grad [][]F)
}

// operands are the values of an op's inputs.
type operands[F simd.Float] []G.Value

func (in operands[F]) floats(i int) []F      { return floats[F](in[i]) }
func (in operands[F]) indices(i int) []int32 { return in[i].(*tensor.Dense).Int32s() }

// floats is the flat data of a value, without a copy and without the allocation of Value.Data.
func floats[F simd.Float](v G.Value) []F {
	switch v := v.(type) {
	case *tensor.Dense:
		if v.Dtype() == tensor.Float32 {
			return cast[F](v.Float32s())
		}
		return cast[F](v.Float64s())
	case *G.F32:
		return cast[F](unsafe.Slice((*float32)(v), 1))
	case *G.F64:
		return cast[F](unsafe.Slice((*float64)(v), 1))
	}
	panic(fmt.Sprintf("ops: %T is no tensor or scalar of floats", v))
}

// cast changes the static type of a slice to the one that it has.
func cast[F, E simd.Float](s []E) []F {
	var f F
	var e E
	if unsafe.Sizeof(f) != unsafe.Sizeof(e) {
		panic(fmt.Sprintf("ops: a value holds %T where the op computes in %T", e, f))
	}
	return unsafe.Slice((*F)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}

// instances numbers the ops: Gorgonia merges nodes whose hashes agree, and no two of ours are one.
var instances atomic.Uint64

// identity holds the methods that are alike for every op here.
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
type fused[F simd.Float] struct {
	identity
	def definition[F]
	own G.Value // the output where the machine gives no buffer
}

// apply adds the op to the graph of its inputs. It panics if Gorgonia refuses it, which only a
// mistake in the definition can cause: shapes are checked before.
func apply[F simd.Float](def definition[F]) *G.Node {
	if len(def.grads) != len(def.inputs) {
		panic(fmt.Sprintf("ops: %s has %d inputs and %d gradients", def.name, len(def.inputs), len(def.grads)))
	}
	op := &fused[F]{identity: newIdentity(def.name, def.inputs, def.out), def: def}
	return mustApply(op, def.inputs...)
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

// Planned marks ops for the executor: they write all of a preallocated output and alias nothing.
func (o *fused[F]) Planned() {}

func (o *fused[F]) Do(in ...G.Value) (G.Value, error) {
	if o.own == nil {
		o.own = newValue[F](o.out)
	}
	return o.UsePreallocDo(o.own, in...)
}

func (o *fused[F]) UsePreallocDo(out G.Value, in ...G.Value) (G.Value, error) {
	o.def.forward(floats[F](out), in)
	return out, nil
}

func newValue[F simd.Float](shape tensor.Shape) G.Value {
	var f F
	_, single := any(f).(float32)
	switch {
	case len(shape) == 0 && single:
		return G.NewF32(0)
	case len(shape) == 0:
		return G.NewF64(0)
	}
	return newDense[F](shape)
}

func newDense[F simd.Float](shape tensor.Shape) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(make([]F, shape.TotalSize())))
}

func (o *fused[F]) DiffWRT(int) []bool {
	diff := make([]bool, len(o.def.grads))
	for i, g := range o.def.grads {
		diff[i] = g != none
	}
	return diff
}

// SymDiff adds the backward node, whose children are the inputs, the output and the output's
// gradient, and a node for each further gradient.
func (o *fused[F]) SymDiff(inputs G.Nodes, output, dout *G.Node) (G.Nodes, error) {
	children := append(append(G.Nodes(nil), inputs...), output, dout)
	shape := tensor.Shape(nil)
	for i, g := range o.def.grads {
		if g == primary {
			shape = inputs[i].Shape()
		}
	}
	if shape == nil {
		return nil, fmt.Errorf("%s names no primary gradient", o.name)
	}
	b := &backward[F]{identity: newIdentity(o.name+".backward", children, shape), def: &o.def, grads: make([][]F, len(inputs))}
	main, err := G.ApplyOp(b, children...)
	if err != nil {
		return nil, err
	}
	result := make(G.Nodes, len(inputs))
	for i, g := range o.def.grads {
		switch g {
		case none, same:
			result[i] = dout // of none it is never read: DiffWRT says so
		case primary:
			result[i] = main
		case side:
			d := newDense[F](inputs[i].Shape())
			b.grads[i] = d.Data().([]F)
			s := &sideOutput{identity: newIdentity(fmt.Sprintf("%s.grad%d", o.name, i), G.Nodes{main}, inputs[i].Shape()), value: d}
			if result[i], err = G.ApplyOp(s, main); err != nil {
				return nil, err
			}
		}
	}
	if o.def.differentiate != nil {
		o.def.differentiate(b.grads)
	}
	return result, nil
}

// backward is the op that computes all gradients of a fused op.
type backward[F simd.Float] struct {
	identity
	def   *definition[F]
	grads [][]F // side buffers, owned
	own   G.Value
}

// Planned marks ops for the executor: they write all of a preallocated output and alias nothing.
func (o *backward[F]) Planned() {}

func (o *backward[F]) Do(in ...G.Value) (G.Value, error) {
	if o.own == nil {
		o.own = newValue[F](o.out)
	}
	return o.UsePreallocDo(o.own, in...)
}

func (o *backward[F]) UsePreallocDo(out G.Value, in ...G.Value) (G.Value, error) {
	n := len(o.def.inputs)
	for i, g := range o.def.grads {
		if g == primary {
			o.grads[i] = floats[F](out)
		}
	}
	o.def.backward(o.grads, in[:n:n], floats[F](in[n]), floats[F](in[n+1]))
	return out, nil
}

// sideOutput returns a buffer that another op owns. Its one child only orders it after that op.
type sideOutput struct {
	identity
	value G.Value
}

// OwnsOutput marks, for the executor, an op whose output is nobody else's memory.
func (o *sideOutput) OwnsOutput() {}

func (o *sideOutput) Do(...G.Value) (G.Value, error) { return o.value, nil }

// further returns a second output of the op of node n: a buffer of that shape which its forward pass
// writes. It has no gradient.
func further[F simd.Float](n *G.Node, name string, shape tensor.Shape) (*G.Node, []F) {
	d := newDense[F](shape)
	op := &detached{sideOutput{identity: newIdentity(name, G.Nodes{n}, shape), value: d}}
	return mustApply(op, n), d.Data().([]F)
}

// detached is a side output through which no gradient flows.
type detached struct{ sideOutput }

func (o *detached) DiffWRT(int) []bool { return []bool{false} }

func (o *detached) SymDiff(G.Nodes, *G.Node, *G.Node) (G.Nodes, error) {
	return nil, fmt.Errorf("%s has no gradient", o.name)
}

// dispatch builds with the element type of a node: the node says which of the two.
func dispatch(n *G.Node, single, double func() *G.Node) *G.Node {
	switch n.Dtype() {
	case tensor.Float32:
		return single()
	case tensor.Float64:
		return double()
	}
	panic(fmt.Sprintf("ops: element type %v, want float32 or float64", n.Dtype()))
}

// want panics, naming op and operand, unless the node has that shape; -1 stands for any size.
func want(op, operand string, n *G.Node, dims ...int) {
	s := n.Shape()
	ok := len(s) == len(dims)
	for i := range dims {
		ok = ok && (dims[i] < 0 || s[i] == dims[i])
	}
	if !ok {
		text := make([]string, len(dims))
		for i, d := range dims {
			if text[i] = fmt.Sprint(d); d < 0 {
				text[i] = "any"
			}
		}
		panic(fmt.Sprintf("ops: %s: %s has shape %v, want [%s]", op, operand, s, strings.Join(text, " ")))
	}
}

// split is the shape of a tensor of rows: the product of all leading dimensions, and the last.
func split(s tensor.Shape) (rows, width int) {
	width = s[len(s)-1]
	rows = 1
	for _, d := range s[:len(s)-1] {
		rows *= d
	}
	return rows, width
}

// withWidth is a shape with another last dimension.
func withWidth(s tensor.Shape, width int) tensor.Shape {
	out := s.Clone()
	out[len(out)-1] = width
	return out
}
