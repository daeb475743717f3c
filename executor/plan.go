package executor

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A buffer is memory for one planned output at a time.
type buffer struct {
	of     tensor.Dtype
	size   int // elements
	scalar bool
}

// A layout assigns buffers to the planned outputs of a program. A buffer is free again after the last instruction that
// reads the value. An unplanned op may return its input, so its inputs live as long as its result. Values of equal type
// and size share buffers; scalars have their own.
type layout struct {
	of      []int // by slot: buffer; -1: none
	buffers []buffer
}

// layout plans the program. Only the values of the nodes in keep are whole after a run.
func (e *Executor) layout(keep []*G.Node) layout {
	last := e.lastUses(keep)
	l := layout{of: make([]int, len(e.values))}
	for slot := range l.of {
		l.of[slot] = -1
	}
	free := map[buffer][]int{}
	release := make([][]int, len(e.program)) // slots whose last reader is that instruction
	for i := range e.program {
		in := &e.program[i]
		if in.kind != builtin {
			shape := in.node.Shape()
			b := buffer{in.node.Dtype(), shape.TotalSize(), len(shape) == 0}
			if list := free[b]; len(list) > 0 && !b.scalar {
				l.of[in.output], free[b] = list[len(list)-1], list[:len(list)-1]
			} else {
				l.of[in.output] = len(l.buffers)
				l.buffers = append(l.buffers, b)
			}
			if until := max(last[in.output], i); until < len(e.program) {
				release[until] = append(release[until], in.output)
			}
		}
		for _, slot := range release[i] {
			at := l.of[slot]
			free[l.buffers[at]] = append(free[l.buffers[at]], at)
		}
	}
	return l
}

// allocate gives the planned outputs their buffers in the memory of the host.
func (e *Executor) allocate(l layout) {
	made := make([]G.Value, len(l.buffers))
	for i, b := range l.buffers {
		switch {
		case !b.scalar:
			e.planned += b.size * int(b.of.Size())
			made[i] = tensor.New(tensor.WithShape(b.size), tensor.Of(b.of))
		case b.of == tensor.Float32:
			made[i] = G.NewF32(0)
		default:
			made[i] = G.NewF64(0)
		}
	}
	for i := range e.program {
		in := &e.program[i]
		at := l.of[in.output]
		if at < 0 {
			continue
		}
		if e.values[in.output] = made[at]; !l.buffers[at].scalar {
			// a header of its own: two nodes may use one buffer with different shapes
			e.values[in.output] = tensor.New(tensor.WithShape(in.node.Shape()...), tensor.WithBacking(made[at].Data()))
		}
	}
}

// lastUses returns, by slot, the last instruction that reads the value: -1 if none does, and beyond the program
// for values to keep.
func (e *Executor) lastUses(keep []*G.Node) []int {
	last := make([]int, len(e.values))
	for i := range last {
		last[i] = -1
	}
	for i := range e.program {
		for _, slot := range e.program[i].inputs {
			last[slot] = i
		}
	}
	for _, n := range keep {
		last[e.slots[n]] = len(e.program)
	}
	for i := len(e.program) - 1; i >= 0; i-- {
		in := &e.program[i]
		if _, owns := in.op.(OwningOp); owns || in.kind != builtin {
			continue
		}
		for _, slot := range in.inputs {
			last[slot] = max(last[slot], last[in.output])
		}
	}
	return last
}
