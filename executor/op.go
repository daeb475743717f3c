package executor

import G "gorgonia.org/gorgonia"

// A PlannedOp is an op whose output the executor plans: it runs through UsePreallocDo, into a buffer
// that the executor has made and shares with other outputs within a run. All ops of package ops, and
// those that ops.Apply makes, are planned.
//
// UsePreallocDo must write every element of the buffer, whose content before the call is undefined. It
// must not write to its inputs, must not keep a reference to them or to the buffer, and must return the
// buffer. Planned is never called: to have it is to promise all this.
type PlannedOp interface {
	G.Op
	G.UsePreallocDoer
	Planned()
}

// An OwningOp is an op that is not planned and whose Do returns memory that it owns or has just
// allocated, never that of an input. The executor then reuses the inputs' buffers after the op has run. It
// takes any other op that is not planned for one that may return an input, or a view of it, and keeps
// the inputs' buffers for as long as the output is read. OwnsOutput is never called.
type OwningOp interface {
	G.Op
	OwnsOutput()
}
