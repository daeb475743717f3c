package executor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// OpTime is the time of one kind of operation, on outputs of one shape, in all profiled runs.
type OpTime struct {
	Name  string // op and shape of its output
	Calls int
	Time  time.Duration
}

// SetProfile turns the timing of operations on or off. It is off by default, and a run then reads no clock.
func (e *Executor) SetProfile(on bool) { e.profile = on }

// Profile lists the time by kind of operation, the longest first.
func (e *Executor) Profile() []OpTime {
	sums := map[string]*OpTime{}
	for i := range e.program {
		in := &e.program[i]
		name := strings.TrimSpace(fmt.Sprintf("%v %v", in.op, in.node.Shape()))
		if _, own := in.op.(PlannedOp); !own && in.kind == prealloc {
			name = fmt.Sprintf("sum %v", in.node.Shape())
		}
		t := sums[name]
		if t == nil {
			t = &OpTime{Name: name}
			sums[name] = t
		}
		t.Time += in.time
		t.Calls += in.calls
	}
	list := make([]OpTime, 0, len(sums))
	for _, t := range sums {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b OpTime) int {
		if a.Time != b.Time {
			return int(b.Time - a.Time)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}
