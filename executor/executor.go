package executor

import (
	"errors"
	"fmt"
	"time"

	G "gorgonia.org/gorgonia"
)

type kind int

const (
	builtin  kind = iota // through Do, which allocates
	prealloc             // into a planned buffer
)

type instruction struct {
	kind   kind
	op     G.Op
	into   G.UsePreallocDoer
	node   *G.Node
	inputs []int // slots
	args   []G.Value
	output int                   // slot
	then   []func(G.Value) error // called with the output
	time   time.Duration
	calls  int
}

type leaf struct {
	node *G.Node
	slot int
}

// Executor is a compiled graph. It is not safe for concurrent use. Executors of different graphs may run at the
// same time.
type Executor struct {
	values  []G.Value // by slot
	slots   map[*G.Node]int
	leaves  []leaf
	program []instruction
	profile bool
	planned int // bytes
}

var _ G.VM = (*Executor)(nil)

// New compiles the graph. Only the values of the nodes in keep may be read after a run; the memory of all other
// planned outputs is reused within the run.
func New(g *G.ExprGraph, keep ...*G.Node) (*Executor, error) {
	e, err := compile(g, keep)
	if err != nil {
		return nil, err
	}
	e.allocate(e.layout(keep))
	return e, nil
}

// compile makes the program of a graph, without buffers.
func compile(g *G.ExprGraph, keep []*G.Node) (*Executor, error) {
	sorted, err := G.Sort(g) // from outputs to inputs
	if err != nil {
		return nil, fmt.Errorf("executor: sort the graph: %w", err)
	}
	e := &Executor{slots: make(map[*G.Node]int, len(sorted))}
	known := sums{}
	for i := len(sorted) - 1; i >= 0; i-- {
		n := sorted[i]
		slot := len(e.values)
		e.slots[n] = slot
		e.values = append(e.values, nil)
		if n.Op() == nil || n.Op().Arity() == 0 {
			e.leaves = append(e.leaves, leaf{n, slot})
			continue
		}
		in := instruction{op: n.Op(), node: n, output: slot}
		for it := g.From(n.ID()); it.Next(); {
			child := it.Node().(*G.Node)
			s, ok := e.slots[child]
			if !ok {
				return nil, fmt.Errorf("executor: input %v of %v comes after it in the order", child, n)
			}
			in.inputs = append(in.inputs, s)
		}
		in.args = make([]G.Value, len(in.inputs))
		if op, ok := n.Op().(PlannedOp); ok {
			in.into = op
		} else {
			in.into = known.planned(n)
		}
		if in.into != nil {
			in.kind = prealloc
		}
		e.program = append(e.program, in)
	}
	for _, n := range keep {
		if _, ok := e.slots[n]; !ok {
			return nil, fmt.Errorf("executor: node %v to keep is not in the graph", n)
		}
	}
	return e, nil
}

// RunAll runs every op of the graph once.
func (e *Executor) RunAll() error {
	for _, l := range e.leaves {
		v := l.node.Value()
		if v == nil {
			return fmt.Errorf("executor: no value is bound to input %q; call gorgonia.Let before the run", l.node.Name())
		}
		e.values[l.slot] = v
	}
	for i := range e.program {
		in := &e.program[i]
		for j, s := range in.inputs {
			in.args[j] = e.values[s]
		}
		if !e.profile {
			if err := e.run(in); err != nil {
				return err
			}
			continue
		}
		start := time.Now()
		if err := e.run(in); err != nil {
			return err
		}
		in.time += time.Since(start)
		in.calls++
	}
	return nil
}

func (e *Executor) run(in *instruction) error {
	var err error
	switch in.kind {
	case prealloc:
		_, err = in.into.UsePreallocDo(e.values[in.output], in.args...)
	case builtin:
		e.values[in.output], err = in.op.Do(in.args...)
	}
	for _, f := range in.then {
		if err == nil {
			err = f(e.values[in.output])
		}
	}
	if err != nil {
		return fmt.Errorf("executor: %v: %w", in.node, err)
	}
	return nil
}

// Then makes every run call f with the value of a node of an op as soon as it is computed. The node is one that was passed
// to New, so that its value lasts. Functions of one node are called in the order in which they were given. An error ends the
// run.
func (e *Executor) Then(n *G.Node, f func(G.Value) error) error {
	slot, ok := e.slots[n]
	if ok {
		for i := len(e.program) - 1; i >= 0; i-- {
			if in := &e.program[i]; in.output == slot {
				in.then = append(in.then, f)
				return nil
			}
		}
	}
	return fmt.Errorf("executor: node %v is not computed by the graph", n)
}

// Value returns the value of a node after a run: of an input, or of a node that was passed to New.
func (e *Executor) Value(n *G.Node) (G.Value, error) {
	slot, ok := e.slots[n]
	if !ok {
		return nil, fmt.Errorf("executor: node %v is not in the graph", n)
	}
	if e.values[slot] == nil {
		return nil, errors.New("executor: no run yet")
	}
	return e.values[slot], nil
}

// PlannedBytes returns the size of the shared output buffers.
func (e *Executor) PlannedBytes() int { return e.planned }

// Reset implements gorgonia.VM. It does nothing.
func (e *Executor) Reset() {}

// Close implements gorgonia.VM. It does nothing.
func (e *Executor) Close() error { return nil }
