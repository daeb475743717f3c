package executor

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// NewRecomputing is New for a graph with gradients whose values take less memory and more time: the ops between two
// consecutive bounds, such as the inputs of the blocks of a network, run again in the backward pass, in place of
// keeping their outputs from the forward pass (arXiv 1604.06174). The numbers are the same.
//
// loss is the node that is differentiated. bounds are nodes that it depends on, each of which depends on the one before.
// Values that another part of the forward pass reads, or that are in keep, are kept. An op must give the same output
// when it runs twice in a run of the graph.
func NewRecomputing(g *G.ExprGraph, loss *G.Node, bounds []*G.Node, keep ...*G.Node) (*Executor, error) {
	e, err := compileRecomputing(g, loss, bounds, keep)
	if err != nil {
		return nil, err
	}
	e.allocate(e.layout(keep))
	return e, nil
}

// compileRecomputing makes the program of NewRecomputing, without buffers.
func compileRecomputing(g *G.ExprGraph, loss *G.Node, bounds, keep []*G.Node) (*Executor, error) {
	e, err := compile(g, keep)
	if err != nil {
		return nil, err
	}
	for _, n := range append([]*G.Node{loss}, bounds...) {
		if _, ok := e.slots[n]; !ok {
			return nil, fmt.Errorf("executor: node %v is not in the graph", n)
		}
	}
	newRecomputation(e, loss, bounds, keep).insert()
	return e, nil
}

// recomputation finds what of a program runs twice. A segment is what lies between two bounds.
type recomputation struct {
	*Executor
	producer []int  // by slot: instruction that computes it; -1: none, a leaf
	forward  []bool // by instruction: the loss depends on it
	segment  []int  // by instruction: 0 if it is in none
	again    []bool // by slot: the backward pass reads a second value of it
	needed   []bool // by instruction: it runs again
	copies   map[int]int
}

func newRecomputation(e *Executor, loss *G.Node, bounds, keep []*G.Node) *recomputation {
	r := &recomputation{
		Executor: e,
		producer: make([]int, len(e.values)),
		segment:  make([]int, len(e.program)),
		again:    make([]bool, len(e.values)),
		needed:   make([]bool, len(e.program)),
		copies:   map[int]int{},
	}
	for slot := range r.producer {
		r.producer[slot] = -1
	}
	for i, in := range e.program {
		r.producer[in.output] = i
	}
	r.forward = r.ancestors(loss)
	for i := 1; i < len(bounds); i++ {
		before := r.ancestors(bounds[i-1])
		for at, is := range r.ancestors(bounds[i]) {
			if is && !before[at] {
				r.segment[at] = i
				r.again[e.program[at].output] = true
			}
		}
	}
	for _, n := range append(bounds[:len(bounds):len(bounds)], keep...) {
		r.again[e.slots[n]] = false
	}
	for at, in := range e.program {
		for _, slot := range in.inputs {
			if r.forward[at] && r.again[slot] && r.segment[at] != r.segment[r.producer[slot]] {
				r.again[slot] = false // it is in memory until the forward pass has read it
			}
		}
	}
	for at, in := range e.program {
		if !r.forward[at] {
			r.need(in.inputs)
		}
	}
	return r
}

// ancestors reports, for each instruction, whether a node depends on its output or is it.
func (r *recomputation) ancestors(n *G.Node) []bool {
	is := make([]bool, len(r.program))
	var visit func(slot int)
	visit = func(slot int) {
		if at := r.producer[slot]; at >= 0 && !is[at] {
			is[at] = true
			for _, s := range r.program[at].inputs {
				visit(s)
			}
		}
	}
	visit(r.slots[n])
	return is
}

// need marks what must run again for the backward pass to read slots.
func (r *recomputation) need(slots []int) {
	for _, slot := range slots {
		if at := r.producer[slot]; r.again[slot] && !r.needed[at] {
			r.needed[at] = true
			r.need(r.program[at].inputs)
		}
	}
}

// insert puts a copy of each segment before the first instruction of the backward pass that reads a value of it.
func (r *recomputation) insert() {
	first := r.program
	r.program = make([]instruction, 0, 2*len(first))
	copied := map[int]bool{}
	for at, in := range first {
		if !r.forward[at] {
			for _, slot := range in.inputs {
				if part := r.partOf(slot); part > 0 && !copied[part] {
					copied[part] = true
					r.repeat(first, part)
				}
			}
			in.inputs = r.moved(in.inputs)
		}
		r.program = append(r.program, in)
	}
}

// partOf returns the segment that must run again before a slot is read, 0 if none must.
func (r *recomputation) partOf(slot int) int {
	if !r.again[slot] {
		return 0
	}
	return r.segment[r.producer[slot]]
}

// repeat appends those instructions of a segment that are needed, with outputs of their own.
func (r *recomputation) repeat(program []instruction, part int) {
	for at, in := range program {
		if r.segment[at] != part || !r.needed[at] {
			continue
		}
		r.copies[in.output] = len(r.values)
		in.inputs, in.args = r.moved(in.inputs), make([]G.Value, len(in.args))
		in.output = len(r.values)
		r.values = append(r.values, nil)
		r.program = append(r.program, in)
	}
}

// moved returns slots with the copies in the place of those that have one.
func (r *recomputation) moved(slots []int) []int {
	out := make([]int, len(slots))
	for i, slot := range slots {
		out[i] = slot
		if c, ok := r.copies[slot]; ok {
			out[i] = c
		}
	}
	return out
}
