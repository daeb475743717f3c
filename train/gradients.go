package train

import (
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A span is consecutive micro-batches of a step, from lo to before hi. Gradients of micro-batches are added up in a binary
// tree, whose shape depends on the number of micro-batches alone: the first part of every node is the largest power of two
// that is smaller than the node. So the sum has the same bits on any number of processes.
type span struct{ lo, hi int }

// firstPart returns the size of the first part of a node of n > 1 micro-batches.
func firstPart(n int) int {
	size := 1
	for 2*size < n {
		size *= 2
	}
	return size
}

// siblings reports whether a and b are the two parts of a node of the tree of n micro-batches.
func siblings(a, b span, n int) bool {
	for node := (span{0, n}); node.hi-node.lo > 1; {
		middle := node.lo + firstPart(node.hi-node.lo)
		switch {
		case a == span{node.lo, middle} && b == span{middle, node.hi}:
			return true
		case b.hi <= middle:
			node.hi = middle
		case a.lo >= middle:
			node.lo = middle
		default:
			return false
		}
	}
	return false
}

// nodes returns the largest nodes of the tree of n micro-batches that the span own consists of, in their order.
func nodes(own span, n int) (out []span) {
	for i := own.lo; i < own.hi; i++ {
		out = append(out, span{i, i + 1})
		for len(out) > 1 && siblings(out[len(out)-2], out[len(out)-1], n) {
			out[len(out)-2].hi = out[len(out)-1].hi
			out = out[:len(out)-1]
		}
	}
	return out
}

// gradients adds up the gradients of those micro-batches of a step that this process computes.
type gradients[F params.Float] struct {
	ps       []*params.Param[F]
	index    map[*params.Param[F]]int
	own      span
	all      int                   // micro-batches of all processes
	complete func(param int) error // called when the slots have the sums of a parameter; nil: nothing
	slots    [][][]F               // sums of nodes, by parameter; the first are the gradients of the parameters
	stack    []span                // nodes in the slots

	// Of the micro-batch that is running.
	ready  func(p *params.Param[F]) error // the gradient of a parameter is complete
	done   int                            // how many are
	slot   int                            // where they are
	merged int                            // slots to which that one is added
	last   bool                           // of this process

	to, from []F // of a sum
	body     func(lo, hi int)
}

func newGradients[F params.Float](ps []*params.Param[F], own span, all int) *gradients[F] {
	g := &gradients[F]{ps: ps, index: map[*params.Param[F]]int{}, own: own, all: all, slots: [][][]F{make([][]F, len(ps))}}
	g.body = func(lo, hi int) { simd.Add(g.to[lo:hi], g.to[lo:hi], g.from[lo:hi]) }
	g.ready = g.finish
	for i, p := range ps {
		g.index[p], g.slots[0][i] = i, p.Grad
	}
	for k := range nodes(own, all) {
		g.reserve(k)
	}
	return g
}

// reserve makes sure that slot k exists, if those before it do.
func (g *gradients[F]) reserve(k int) {
	if k < len(g.slots) {
		return
	}
	arrays := make([][]F, len(g.ps))
	for i, p := range g.ps {
		arrays[i] = make([]F, len(p.Value))
	}
	g.slots = append(g.slots, arrays)
}

// sum runs the micro-batches of this process. Step adds the gradients of number i to the Grad of all parameters. It calls
// ready when that of a parameter is complete, for all of them or for none. In the end the slots have the sums of the nodes
// of the span own.
func (g *gradients[F]) sum(step func(i int) error) error {
	defer g.write(0)
	g.stack = g.stack[:0]
	for i := g.own.lo; i < g.own.hi; i++ {
		g.slot = g.push(span{i, i + 1})
		g.write(g.slot)
		g.merged, g.last, g.done = g.merge(), i == g.own.hi-1, 0
		if err := step(i); err != nil {
			return err
		}
		if g.done > 0 {
			continue
		}
		for _, p := range g.ps {
			if err := g.finish(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish is ready.
func (g *gradients[F]) finish(p *params.Param[F]) error {
	g.done++
	k := g.index[p]
	for at := g.slot; at > g.slot-g.merged; at-- {
		g.add(g.slots[at-1][k], g.slots[at][k])
	}
	if g.last && g.complete != nil {
		return g.complete(k)
	}
	return nil
}

// push returns the slot to which the gradients of a micro-batch are added: that of its sibling, or a new one.
func (g *gradients[F]) push(leaf span) int {
	top := len(g.stack) - 1
	if top >= 0 && siblings(g.stack[top], leaf, g.all) {
		g.stack[top].hi = leaf.hi
		return top
	}
	g.stack = append(g.stack, leaf)
	top++
	g.reserve(top)
	for _, x := range g.slots[top] {
		clear(x)
	}
	return top
}

// merge replaces siblings at the top of the stack by their nodes, as often as there are some, and returns how often.
func (g *gradients[F]) merge() (merged int) {
	for {
		top := len(g.stack) - 1
		if top < 1 || !siblings(g.stack[top-1], g.stack[top], g.all) {
			return merged
		}
		g.stack[top-1].hi = g.stack[top].hi
		g.stack = g.stack[:top]
		merged++
	}
}

// write makes the parameters' gradients those of a slot.
func (g *gradients[F]) write(slot int) {
	for k, p := range g.ps {
		p.Grad = g.slots[slot][k]
	}
}

// add adds from to to.
func (g *gradients[F]) add(to, from []F) {
	g.to, g.from = to, from
	simd.ForRange(len(to), simd.Grain, g.body)
}
