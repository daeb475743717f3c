package ptx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// barrier reads bar.sync 0 and bar.red.popc.u32 %r1, 0, %p1. A number of threads is refused: all threads take part.
func (r *reader) barrier(in *instruction, parts, ops []string) error {
	in.kind, in.more = barrier, &more{}
	parts = slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return p == "cta" || p == "aligned" })
	name := strings.Join(parts[1:], ".")
	if name == "warp.sync" && len(ops) == 1 {
		v, err := r.value(ops[0])
		in.kind, in.b = syncWarp, v.number
		return err
	}
	number := 0
	switch name {
	case "sync":
	case "red.popc.u32", "red.and.pred", "red.or.pred":
		if len(ops) != 3 {
			return errUnknown
		}
		number = 1
		in.way = parts[2]
		d, err := r.operand(ops[0])
		if err != nil {
			return err
		}
		if d.negate || d.sink || d.pred != (parts[3] == "pred") || !d.pred && d.width == 0 {
			return fmt.Errorf("result %q", abbreviated(ops[0]))
		}
		p, err := r.predicate(ops[2])
		if err != nil {
			return err
		}
		in.d, in.c, in.negateC = d.number, p.number, p.negate
	default:
		return errUnknown
	}
	if in.way == "" && len(ops) != 1 {
		return fmt.Errorf("%d operands, want 1: all threads of the block take part", len(ops))
	}
	n, err := strconv.Atoi(ops[number])
	if err != nil || n < 0 || n > 15 {
		return fmt.Errorf("barrier %q, want a number of 0 to 15", abbreviated(ops[number]))
	}
	in.number = n
	return nil
}

// arrive notes that the threads of the warp are at the barrier.
func (w *warp) arrive(in *instruction) {
	w.barrier = in
	if in.way != "" {
		w.vote = w.predicate(in.c, in.negateC)
	}
}

// pass lets the threads go on that wait at a barrier: all that have not ended.
func (b *block) pass() error {
	var first *instruction
	count, any, all := uint32(0), uint32(0), ^uint32(0)
	for _, w := range b.running {
		if w.alive == 0 {
			continue
		}
		if first == nil {
			first = w.barrier
		}
		if w.barrier.number != first.number || w.barrier.way != first.way {
			return fmt.Errorf("warps wait at the barriers of lines %d and %d", first.line, w.barrier.line)
		}
		if w.barrier.way == "" {
			continue
		}
		for l := range 32 {
			if w.alive>>l&1 == 1 {
				p := w.vote >> l & 1
				count += p
				any |= -p
				all &= -p
			}
		}
	}
	for _, w := range b.running {
		if w.alive == 0 {
			continue
		}
		in := w.barrier
		switch in.way {
		case "popc":
			for l := range 32 {
				w.regs[in.d][l] = uint64(count)
			}
		case "and":
			w.preds[in.d] = all
		case "or":
			w.preds[in.d] = any
		}
		w.waiting = 0
	}
	return nil
}
