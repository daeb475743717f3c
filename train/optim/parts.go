package optim

import "goomtrain/params"

// A Part is a range of elements of a trained parameter that one of several processes updates.
type Part[F params.Float] struct {
	Index  int // of the parameter among those that are trained
	Param  *params.Param[F]
	Lo, Hi int
}

// Divisible is a Kind that can update a part of a parameter. Without this interface a parameter is updated by one process as
// a whole.
type Divisible interface {
	// Divides reports whether the update of an element of a parameter of that role and shape depends on no other element.
	// The optimizer then gets parts as parameters with a Whole; its State describes their arrays with Param.Array.
	Divides(role params.Role, shape []int) bool
}

// Divide divides the trained parameters between n processes: process r updates parts[r] and has the optimizer's state of
// them (arXiv 1910.02054, stage 1). The parts are consecutive, and of nearly equal size unless parameters are updated as a
// whole.
func Divide[F params.Float](c Config, ps []*params.Param[F], n int) (parts [][]Part[F]) {
	ps = params.Trained(ps)
	kind, _ := c.Kind.(Divisible)
	total, before := params.Count(ps), 0
	parts = make([][]Part[F], n)
	add := func(one Part[F]) {
		size := one.Hi - one.Lo
		r := min((2*before+size)*n/(2*max(total, 1)), n-1) // the process at whose share the middle lies
		before += size
		if last := len(parts[r]) - 1; last >= 0 && parts[r][last].Param == one.Param {
			parts[r][last].Hi = one.Hi
		} else {
			parts[r] = append(parts[r], one)
		}
	}
	for i, p := range ps {
		if kind == nil || !kind.Divides(p.Role, p.Shape) {
			add(Part[F]{i, p, 0, len(p.Value)})
			continue
		}
		for _, at := range appendPieces(nil, i, len(p.Value)) { // pieces, so that each is measured by one process
			add(Part[F]{i, p, at.lo, at.hi})
		}
	}
	return parts
}

// Parameters returns parts as parameters of their own that share the memory of the whole. A part has the shape of the whole
// only if it is all of it.
func Parameters[F params.Float](parts []Part[F]) []*params.Param[F] {
	out := make([]*params.Param[F], len(parts))
	for i, part := range parts {
		p := *part.Param
		p.Whole, p.Offset = p.Shape, part.Lo
		p.Value, p.Grad = p.Value[part.Lo:part.Hi], p.Grad[part.Lo:part.Hi]
		if len(p.Value) < len(part.Param.Value) {
			p.Shape = []int{len(p.Value)}
		}
		out[i] = &p
	}
	return out
}
