package ptx

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// shuffle reads shfl.sync.bfly.b32 %r1|%p1, %r2, 1, 31, -1.
func (r *reader) shuffle(in *instruction, parts, ops []string) error {
	if len(parts) != 4 || parts[1] != "sync" || parts[3] != "b32" || len(ops) != 5 || !slices.Contains([]string{"up", "down", "bfly", "idx"}, parts[2]) {
		return errUnknown
	}
	in.kind, in.more = shuffle, &more{way: parts[2]}
	register, p, both := strings.Cut(ops[0], "|")
	if both {
		q, err := r.predicate(p)
		if err != nil {
			return err
		}
		in.p = q.number + 1
	}
	d, err := r.result(register)
	if err != nil {
		return err
	}
	src, err := r.values(ops[1:4], 3)
	if err != nil {
		return err
	}
	members, err := r.value(ops[4])
	if err != nil {
		return err
	}
	in.d, in.a, in.b, in.c, in.src = d.number, src[0], members.number, src[2], []int32{src[1]}
	return nil
}

// vote reads activemask.b32 %r1 and vote.sync.any.pred %p1, %p2, -1.
func (r *reader) vote(in *instruction, parts, ops []string) error {
	if in.op == "activemask.b32" && len(ops) == 1 {
		d, err := r.result(ops[0])
		in.kind, in.d = activeMask, d.number
		return err
	}
	if len(parts) != 4 || parts[1] != "sync" || len(ops) != 3 {
		return errUnknown
	}
	in.kind, in.more = vote, &more{way: parts[2]}
	if ballot := in.way == "ballot"; ballot && parts[3] != "b32" || !ballot && (parts[3] != "pred" || !slices.Contains([]string{"all", "any", "uni"}, in.way)) {
		return errUnknown
	}
	var d operand
	var err error
	if in.way == "ballot" {
		d, err = r.result(ops[0])
	} else {
		d, err = r.predicate(ops[0])
	}
	if err != nil {
		return err
	}
	p, err := r.predicate(ops[1])
	if err != nil {
		return err
	}
	members, err := r.value(ops[2])
	in.d, in.b, in.c, in.negateC = d.number, members.number, p.number, p.negate
	return err
}

// reductions are those of redux.
var reductions = map[string]func(a, b uint32) uint32{
	"add.s32": func(a, b uint32) uint32 { return a + b }, "add.u32": func(a, b uint32) uint32 { return a + b },
	"min.s32": func(a, b uint32) uint32 { return uint32(min(int32(a), int32(b))) }, "min.u32": func(a, b uint32) uint32 { return min(a, b) },
	"max.s32": func(a, b uint32) uint32 { return uint32(max(int32(a), int32(b))) }, "max.u32": func(a, b uint32) uint32 { return max(a, b) },
	"and.b32": func(a, b uint32) uint32 { return a & b }, "or.b32": func(a, b uint32) uint32 { return a | b }, "xor.b32": func(a, b uint32) uint32 { return a ^ b },
}

// reduce reads redux.sync.max.u32 %r1, %r2, -1.
func (r *reader) reduce(in *instruction, parts, ops []string) error {
	if len(parts) != 4 || parts[1] != "sync" || reductions[parts[2]+"."+parts[3]] == nil {
		return errUnknown
	}
	in.kind, in.more, in.logic = reduce, &more{}, reductions[parts[2]+"."+parts[3]]
	return r.ofMembers(in, ops)
}

// match reads match.any.sync.b32 %r1, %r2, -1.
func (r *reader) match(in *instruction, parts, ops []string) error {
	if in.op != "match.any.sync.b32" && in.op != "match.any.sync.b64" {
		return errUnknown
	}
	in.kind, in.more = match, &more{mask: ^uint64(0) >> (64 - 8*widths[parts[3]])}
	return r.ofMembers(in, ops)
}

// ofMembers reads a result, a value and the mask of the threads that take part.
func (r *reader) ofMembers(in *instruction, ops []string) error {
	if len(ops) != 3 {
		return errUnknown
	}
	d, err := r.result(ops[0])
	if err != nil {
		return err
	}
	src, err := r.values(ops[1:], 2)
	in.d, in.a, in.b = d.number, src[0], src[1]
	return err
}

// missing returns the threads that an instruction of several threads still needs.
func (w *warp) missing(in *instruction, mask uint32) (uint32, error) {
	switch in.kind {
	case barrier:
		return w.alive &^ mask, nil
	case multiply, loadMatrix:
		return math.MaxUint32 &^ mask, nil
	}
	members := w.get(in.b)
	var need uint32
	for m := mask; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		if uint32(members[l])>>l&1 == 0 {
			return 0, fmt.Errorf("thread %d is not in its own mask %#x", 32*w.number+l, uint32(members[l]))
		}
		need |= uint32(members[l])
	}
	return need &^ mask, nil
}

// collective runs an instruction that passes values between the threads of the mask.
func (w *warp) collective(in *instruction, mask uint32) error {
	switch in.kind {
	case syncWarp:
	case shuffle:
		return w.shuffle(in, mask)
	case multiply:
		w.multiply(in)
	case loadMatrix:
		return w.loadMatrices(in)
	default:
		for left := mask; left != 0; {
			group := uint32(w.get(in.b)[bits.TrailingZeros32(left)&31])
			w.together(in, group)
			left &^= group
		}
	}
	return nil
}

// shuffle gives each thread a register of another.
func (w *warp) shuffle(in *instruction, mask uint32) error {
	a, by, clamp, members := *w.get(in.a), w.get(in.src[0]), w.get(in.c), w.get(in.b)
	d := &w.regs[in.d]
	var inside uint32
	for m := mask; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		n, segment := int(by[l]&31), int(clamp[l]>>8&31)
		least := l & segment
		most := least | int(clamp[l]&31)&^segment
		var from int
		ok := true
		switch in.way {
		case "up":
			from = l - n
			ok = from >= most
		case "down":
			from = l + n
			ok = from <= most
		case "bfly":
			from = l ^ n
			ok = from <= most
		case "idx":
			from = least | n&^segment
			ok = from <= most
		}
		if !ok {
			from = l
		} else {
			inside |= 1 << l
		}
		if uint32(members[l])>>(from&31)&1 == 0 {
			return fmt.Errorf("thread %d reads from lane %d, which is not in the mask %#x", 32*w.number+l, from, uint32(members[l]))
		}
		d[l] = uint64(uint32(a[from&31]))
	}
	if in.p > 0 {
		w.preds[in.p-1] = w.preds[in.p-1]&^mask | inside
	}
	return nil
}

// together runs a vote, a reduction or a match of a group of threads.
func (w *warp) together(in *instruction, group uint32) {
	switch in.kind {
	case vote:
		p := w.predicate(in.c, in.negateC) & group
		var result bool
		switch in.way {
		case "ballot":
			for m := group; m != 0; m &= m - 1 {
				w.regs[in.d][bits.TrailingZeros32(m)&31] = uint64(p)
			}
			return
		case "any":
			result = p != 0
		case "all":
			result = p == group
		case "uni":
			result = p == 0 || p == group
		}
		w.preds[in.d] &^= group
		if result {
			w.preds[in.d] |= group
		}
	case reduce:
		a := w.get(in.a)
		v := uint32(a[bits.TrailingZeros32(group)&31])
		for m := group & (group - 1); m != 0; m &= m - 1 {
			v = in.logic(v, uint32(a[bits.TrailingZeros32(m)&31]))
		}
		for m := group; m != 0; m &= m - 1 {
			w.regs[in.d][bits.TrailingZeros32(m)&31] = uint64(v)
		}
	case match:
		a := *w.get(in.a)
		for m := group; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			var same uint64
			for o := group; o != 0; o &= o - 1 {
				if other := bits.TrailingZeros32(o) & 31; (a[other]^a[l])&in.mask == 0 {
					same |= 1 << other
				}
			}
			w.regs[in.d][l] = same
		}
	}
}
