package executor

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// plan assigns a buffer to every planned output. A buffer is free again after the last instruction that reads
// the value. An unplanned op may return its input, so its inputs live as long as its result. Values of equal
// type and size share buffers.
func (e *Executor) plan(keep []*G.Node) {
	last := e.lastUses(keep)
	type class struct {
		of   tensor.Dtype
		size int
	}
	free := map[class][]tensor.Tensor{}
	release := make([][]int, len(e.program)) // slots whose last reader is that instruction
	classes := make([]class, len(e.values))
	for i := range e.program {
		in := &e.program[i]
		if in.kind != builtin {
			shape := in.node.Shape()
			c := class{in.node.Dtype(), shape.TotalSize()}
			classes[in.output] = c
			e.values[in.output] = e.buffer(shape, c.of, func() tensor.Tensor {
				if l := free[c]; len(l) > 0 {
					free[c] = l[:len(l)-1]
					return l[len(l)-1]
				}
				return nil
			})
			if until := max(last[in.output], i); until < len(e.program) {
				release[until] = append(release[until], in.output)
			}
		}
		for _, slot := range release[i] {
			if d, ok := e.values[slot].(tensor.Tensor); ok {
				free[classes[slot]] = append(free[classes[slot]], d)
			}
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

// buffer returns a value of that shape over a reused or a new buffer. Scalars are not shared.
func (e *Executor) buffer(shape tensor.Shape, of tensor.Dtype, reuse func() tensor.Tensor) G.Value {
	if len(shape) == 0 {
		if of == tensor.Float32 {
			return G.NewF32(0)
		}
		return G.NewF64(0)
	}
	if b := reuse(); b != nil {
		// a new header: two nodes may use one buffer with different shapes
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(b.Data()))
	}
	e.planned += shape.TotalSize() * int(of.Size())
	return tensor.New(tensor.WithShape(shape...), tensor.Of(of))
}
