package ops

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/comm"
)

// ErrNotCut is wrapped by errors about graphs with ops that need the whole sequence.
var ErrNotCut = errors.New("sequences cannot be cut over processes")

// A Part tells the ops of a graph that every sequence is cut over the processes of a group, and which part this process has:
// of S processes with T positions each, process r has positions r T to (r+1) T - 1. Ops that combine positions exchange what
// they need with the other processes, so all of them must run the same graph with the same batch and length. Outputs are
// those of the part; gradients are of a loss that is the sum of the losses of all processes. Those of activations are
// complete, and those of weights are the share of this process, to be added up.
type Part struct {
	group *comm.Group
	err   error // of the first exchange that failed
}

// NewPart returns the part of this process in a group.
func NewPart(g *comm.Group) *Part { return &Part{group: g} }

// Rank returns r, and Size returns S. Without a part, a nil Part, they are 0 and 1.
func (p *Part) Rank() int {
	if p == nil {
		return 0
	}
	return p.group.Rank()
}

// Size returns the number of parts.
func (p *Part) Size() int {
	if p == nil {
		return 1
	}
	return p.group.Size()
}

// from returns the position in the whole sequence of the first of T = time positions of the part.
func (p *Part) from(time int) int64 { return int64(p.Rank()) * int64(time) }

// Cut makes the ops of a graph those of the part. It is called before gorgonia.Grad. If an op needs the whole sequence, the
// error names all such ops and wraps ErrNotCut.
func (p *Part) Cut(g *G.ExprGraph) error {
	var whole []string
	for _, n := range g.AllNodes() {
		if n.Op() == nil {
			continue
		}
		if op, ok := n.Op().(interface{ cut(p *Part) bool }); !ok || !op.cut(p) {
			whole = append(whole, n.Op().String())
		}
	}
	if whole == nil {
		return nil
	}
	slices.Sort(whole)
	return fmt.Errorf("%w: ops that need them whole: %s", ErrNotCut, strings.Join(slices.Compact(whole), ", "))
}

// Positionwise is Cut of the definition of an op that maps each position by itself, or adds up what belongs to positions.
func Positionwise(*Part) {}

// gather collects an array of every process, all of the same length, in the order of ranks. After an exchange has failed it
// does nothing, and the op returns the error.
func gather[T comm.Element](p *Part, all, mine []T) {
	if p.err == nil {
		p.err = comm.AllGather(p.group, all, mine)
	}
}

// Gather collects bytes of every process, as many from each, in the order of ranks.
func (p *Part) Gather(mine []uint8) ([]uint8, error) {
	all := make([]uint8, p.Size()*len(mine))
	gather(p, all, mine)
	return all, p.err
}

// failed returns the error of the first exchange that failed.
func (p *Part) failed() error {
	if p == nil {
		return nil
	}
	return p.err
}

// cut makes the op one of the part. It reports whether it can.
func (o *fused[F]) cut(p *Part) bool {
	if o.def.Cut == nil {
		return false
	}
	o.part = p
	o.def.Cut(p)
	return true
}

// cut reports that an output of an op is cut with it.
func (o *sideOutput) cut(*Part) bool { return true }
