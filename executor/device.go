package executor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/gpu"
)

// A DeviceOp is an op that can run on a GPU. All ops of package ops implement it.
type DeviceOp interface {
	// OnDevice prepares the op in a scope and returns how it runs. It is called once for an executor, after it was
	// called for the ops of all inputs. It returns ErrNoDevice if the op runs on the CPU only.
	OnDevice(s *gpu.Scope) (DeviceRun, error)
}

// A DeviceRun is how an op runs on a GPU.
type DeviceRun struct {
	// Launch starts the kernels of the op. out is a planned buffer, whose content before is undefined.
	Launch func(out gpu.Ptr, in []gpu.Ptr)

	// Owned is the output of an op that has memory of its own. Its Launch is nil: another op fills that memory.
	Owned gpu.Ptr
}

// ErrNoDevice is the error of OnDevice for an op that runs on the CPU only.
var ErrNoDevice = errors.New("not on a GPU")

// A Device is a compiled graph of float32 that runs on a GPU, in the order of an Executor and with its plan of buffers.
// It is not safe for concurrent use.
type Device struct {
	scope   *gpu.Scope
	values  []gpu.Ptr // by slot
	slots   map[*G.Node]int
	leaves  []deviceLeaf
	program []deviceInstruction
}

type deviceInstruction struct {
	launch func(out gpu.Ptr, in []gpu.Ptr)
	inputs []int // slots
	args   []gpu.Ptr
	output int // slot
}

// A deviceLeaf is an input that is uploaded when its numbers have changed.
type deviceLeaf struct {
	node *G.Node
	slot int
	sent []uint32 // numbers on the device; nil: none yet
}

// NewDevice compiles a graph for a GPU as New does for the CPU. What it needs is in the scope. resident returns the
// address of an array of numbers that is on the device already, such as a weight; 0 for an array that is uploaded before
// a run. The error names all ops of the graph that do not run on a GPU.
func NewDevice(s *gpu.Scope, resident func(host []float32) gpu.Ptr, g *G.ExprGraph, keep ...*G.Node) (*Device, error) {
	e, err := compile(g, keep)
	if err != nil {
		return nil, err
	}
	return newDevice(s, resident, e, keep)
}

// NewRecomputingDevice is NewDevice with the program of NewRecomputing.
func NewRecomputingDevice(s *gpu.Scope, resident func(host []float32) gpu.Ptr, g *G.ExprGraph, loss *G.Node, bounds []*G.Node, keep ...*G.Node) (*Device, error) {
	e, err := compileRecomputing(g, loss, bounds, keep)
	if err != nil {
		return nil, err
	}
	return newDevice(s, resident, e, keep)
}

func newDevice(s *gpu.Scope, resident func(host []float32) gpu.Ptr, e *Executor, keep []*G.Node) (*Device, error) {
	d := &Device{scope: s, slots: e.slots, values: make([]gpu.Ptr, len(e.values))}
	for _, l := range e.leaves {
		if err := d.addLeaf(l, resident); err != nil {
			return nil, err
		}
	}
	plan := e.layout(keep)
	buffers := make([]gpu.Ptr, len(plan.buffers))
	for i, b := range plan.buffers {
		if b.of != tensor.Float32 {
			return nil, fmt.Errorf("executor: a value has elements of type %v: a GPU computes in float32", b.of)
		}
		buffers[i] = s.Alloc(b.size)
	}
	runs := map[DeviceOp]DeviceRun{}
	var missing []string
	for i := range e.program {
		in := &e.program[i]
		op := in.deviceOp()
		run, ok := runs[op]
		if !ok {
			err := ErrNoDevice
			if op != nil {
				run, err = op.OnDevice(s)
			}
			if err != nil {
				name, _, _ := strings.Cut(in.op.String(), ".") // without what names its gradients
				missing = append(missing, name)
				continue
			}
			runs[op] = run
		}
		if plan.of[in.output] >= 0 {
			d.values[in.output] = buffers[plan.of[in.output]]
		} else {
			d.values[in.output] = run.Owned
		}
		if run.Launch != nil {
			d.program = append(d.program, deviceInstruction{run.Launch, in.inputs, make([]gpu.Ptr, len(in.inputs)), in.output})
		}
	}
	if missing != nil {
		slices.Sort(missing)
		return nil, fmt.Errorf("executor: ops of the network run on the CPU only and %w: %s", ErrNoDevice, strings.Join(slices.Compact(missing), ", "))
	}
	s.Prepare()
	return d, s.Err()
}

// deviceOp returns the op of an instruction, or nil if it runs on the CPU only. A sum of Gorgonia stands for one of any
// size, so what runs it here is that of the executor, which is made for one node.
func (in *instruction) deviceOp() DeviceOp {
	if op, ok := in.op.(DeviceOp); ok {
		return op
	}
	op, _ := in.into.(DeviceOp)
	return op
}

// addLeaf gives a leaf its memory: that of a resident array, or new memory, which is filled here if the leaf is a constant.
func (d *Device) addLeaf(l leaf, resident func(host []float32) gpu.Ptr) error {
	v := l.node.Value()
	if v == nil {
		return fmt.Errorf("executor: no value is bound to input %q; call gorgonia.Let before the graph is compiled for a GPU", l.node.Name())
	}
	if t, ok := v.(*tensor.Dense); ok && t.Dtype() == tensor.Float32 {
		if d.values[l.slot] = resident(t.Float32s()); d.values[l.slot] != 0 {
			return nil
		}
	}
	w, err := words(v)
	if err != nil {
		return fmt.Errorf("executor: input %q: %w", l.node.Name(), err)
	}
	d.values[l.slot] = d.scope.Alloc(len(w))
	if l.node.Op() != nil { // a constant
		d.scope.Write(d.values[l.slot], w)
		return nil
	}
	d.leaves = append(d.leaves, deviceLeaf{node: l.node, slot: l.slot})
	return nil
}

// words returns the numbers of a value.
func words(v G.Value) ([]uint32, error) {
	switch v := v.(type) {
	case *G.F32:
		return gpu.Words([]float32{float32(*v)}), nil
	case *tensor.Dense:
		if v.RequiresIterator() || v.DataOrder().IsColMajor() {
			return nil, fmt.Errorf("a value of shape %v is a view with strides %v: want row-major data; bind its Materialize() instead", v.Shape(), v.Strides())
		}
		switch v.Dtype() {
		case tensor.Float32:
			return gpu.Words(v.Float32s()), nil
		case tensor.Int32:
			return gpu.Words(v.Int32s()), nil
		}
	}
	return nil, fmt.Errorf("a %T of %v: want float32, or int32 for indices", v, v.Dtype())
}

// Bind makes an input read its numbers from memory of the device in later runs, in place of uploading those of its value.
func (d *Device) Bind(n *G.Node, p gpu.Ptr) error {
	slot, ok := d.slots[n]
	if !ok {
		return fmt.Errorf("executor: node %v is not in the graph", n)
	}
	d.values[slot] = p
	d.leaves = slices.DeleteFunc(d.leaves, func(l deviceLeaf) bool { return l.node == n })
	return nil
}

// RunAll uploads the inputs that have changed since the last run and launches every op of the graph once. It does not
// wait for them.
func (d *Device) RunAll() error {
	for i := range d.leaves {
		l := &d.leaves[i]
		w, err := words(l.node.Value())
		if err != nil {
			return fmt.Errorf("executor: input %q: %w", l.node.Name(), err)
		}
		if !slices.Equal(l.sent, w) {
			d.scope.Write(d.values[l.slot], w)
			l.sent = append(l.sent[:0], w...)
		}
	}
	for i := range d.program {
		in := &d.program[i]
		for j, s := range in.inputs {
			in.args[j] = d.values[s]
		}
		in.launch(d.values[in.output], in.args)
	}
	return d.scope.Err()
}

// Ptr returns the address of the value of a node: of an input, or of a node that was passed to NewDevice.
func (d *Device) Ptr(n *G.Node) (gpu.Ptr, error) {
	slot, ok := d.slots[n]
	if !ok {
		return 0, fmt.Errorf("executor: node %v is not in the graph", n)
	}
	return d.values[slot], nil
}
