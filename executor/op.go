package executor

import G "gorgonia.org/gorgonia"

// A PlannedOp is an op whose output the executor plans: it runs through UsePreallocDo, into a buffer that the
// executor allocated and shares with other outputs within a run. All ops of package ops and those made by
// ops.Apply are planned.
//
// UsePreallocDo must write every element of the buffer, whose content before the call is undefined. It must not
// write to its inputs or keep references to them or to the buffer, and it must return the buffer. Planned is
// never called: it marks ops that keep these rules.
type PlannedOp interface {
	G.Op
	G.UsePreallocDoer
	Planned()
}

// An OwningOp is an op that is not planned and whose Do returns memory that it owns or has just allocated,
// never that of an input. The executor then reuses the buffers of the inputs after the op has run. It assumes
// that any other unplanned op may return an input or a view of it, and keeps the buffers of the inputs as long
// as the output is read. OwnsOutput is never called.
type OwningOp interface {
	G.Op
	OwnsOutput()
}
