package ops

import (
	"fmt"
	"slices"

	"goomtrain/internal/comm"
	"goomtrain/params"
)

// A relay passes on the states of an op from part to part, where a part cannot say what it does to any state before it, or
// only at the cost of more than its own work. A part waits for the state before it, and sends its last state to the part
// behind it. Gradients go the other way. A part that has sent its state goes on with the next layer, so that in a network of
// many layers all processes work most of the time. A nil relay does nothing.
type relay[C carried] struct {
	part        *Part
	state       C // before the part, then its last
	last, first C // gradients of the last state, and of the state before the part
}

// carried is a state between two parts of sequences, such as a Carry.
type carried interface {
	Reset()
	Arrays(prefix string) []params.Array
}

// newRelay returns the relay of states that create makes, zeros at first.
func newRelay[C carried](p *Part, create func() C) *relay[C] {
	return &relay[C]{part: p, state: create(), last: create(), first: create()}
}

// enter returns the state before the part. Without a relay it is carry.
func (r *relay[C]) enter(carry C) C {
	if r == nil {
		return carry
	}
	r.state.Reset()
	if rank := r.part.Rank(); rank > 0 {
		r.part.receive(rank-1, r.state)
	}
	return r.state
}

// leave passes on the state after the part.
func (r *relay[C]) leave() {
	if r != nil && r.part.Rank() < r.part.Size()-1 {
		r.part.send(r.part.Rank()+1, r.state)
	}
}

// arrive sets the gradient of the last state of the part. That of the last part remains zeros.
func (r *relay[C]) arrive() {
	if r != nil && r.part.Rank() < r.part.Size()-1 {
		r.part.receive(r.part.Rank()+1, r.last)
	}
}

// depart passes on the gradient of the state before the part.
func (r *relay[C]) depart() {
	if r != nil && r.part.Rank() > 0 {
		r.part.send(r.part.Rank()-1, r.first)
	}
}

// send sends a state to another process, which receives it.
func (p *Part) send(to int, state carried) {
	for _, a := range state.Arrays("") {
		switch x := a.Data.(type) {
		case []float32:
			send(p, to, x)
		case []float64:
			send(p, to, x)
		case []int64:
			send(p, to, x)
		case []uint8: // it may lie in the state itself, beside pointers, which C must not see
			send(p, to, slices.Clone(x))
		default:
			panic(fmt.Sprintf("ops: a state of %T", x))
		}
	}
}

func (p *Part) receive(from int, state carried) {
	for _, a := range state.Arrays("") {
		switch x := a.Data.(type) {
		case []float32:
			receive(p, from, x)
		case []float64:
			receive(p, from, x)
		case []int64:
			receive(p, from, x)
		case []uint8:
			flags := make([]uint8, len(x))
			receive(p, from, flags)
			copy(x, flags)
		default:
			panic(fmt.Sprintf("ops: a state of %T", x))
		}
	}
}

func send[T comm.Element](p *Part, to int, x []T) {
	if p.err == nil {
		counts := make([]int, p.Size())
		counts[to] = len(x)
		p.err = comm.AllToAllV(p.group, nil, make([]int, p.Size()), x, counts)
	}
}

func receive[T comm.Element](p *Part, from int, x []T) {
	if p.err == nil {
		counts := make([]int, p.Size())
		counts[from] = len(x)
		p.err = comm.AllToAllV(p.group, x, counts, nil, nil)
	}
}
