package ptx

import "math/bits"

// step is an instruction that each thread executes for itself.
func (w *warp) step(in *instruction, mask uint32) error {
	switch in.kind {
	case load, store:
		return w.access(in, mask)
	case copyAsync:
		return w.transfer(in, mask)
	case copyCommit:
		w.commit(mask)
	case copyWait:
		return w.await(in.number, mask)
	case combine:
		a, b := w.predicate(in.a, in.negateA), w.predicate(in.c, in.negateC)
		p := &w.preds[in.d]
		*p = *p&^mask | in.logic(a, b)&mask
	case choose:
		p, a, b, d := w.predicate(in.c, in.negateC), w.get(in.a), w.get(in.b), &w.regs[in.d]
		for ; mask != 0; mask &= mask - 1 {
			l := bits.TrailingZeros32(mask) & 31
			v := b[l]
			if p>>l&1 != 0 {
				v = a[l]
			}
			d[l] = v & in.mask
		}
	case activeMask:
		for m := mask; m != 0; m &= m - 1 {
			w.regs[in.d][bits.TrailingZeros32(m)&31] = uint64(mask)
		}
	case pack, unpack:
		w.vector(in, mask)
	case carry:
		w.addCarry(in, mask)
	}
	return nil
}

// predicate returns a predicate, or what stands for one that is constant.
func (w *warp) predicate(n int32, negate bool) (p uint32) {
	if n >= 0 {
		p = w.preds[n]
	}
	if negate {
		return ^p
	}
	return p
}

// vector is mov between a register and its parts.
func (w *warp) vector(in *instruction, mask uint32) {
	part := ^uint64(0) >> (64 - 8*in.bytes)
	for ; mask != 0; mask &= mask - 1 {
		l := bits.TrailingZeros32(mask) & 31
		var whole uint64
		for i, r := range in.src {
			shift := 8 * in.bytes * uint64(i)
			switch {
			case in.kind == pack:
				whole |= w.get(r)[l] & part << shift
			case r >= 0:
				w.regs[r][l] = w.get(in.a)[l] >> shift & part
			}
		}
		if in.kind == pack {
			w.regs[in.d][l] = whole
		}
	}
}

// addCarry is an addition or subtraction with carries.
func (w *warp) addCarry(in *instruction, mask uint32) {
	a, b, d := w.get(in.a), w.get(in.b), &w.regs[in.d]
	for ; mask != 0; mask &= mask - 1 {
		l := bits.TrailingZeros32(mask) & 31
		var in1 uint64
		if in.carryIn {
			in1 = uint64(w.carry >> l & 1)
		}
		x, y := a[l]&in.mask, b[l]&in.mask
		var sum, out uint64
		if in.subtract {
			sum, out = bits.Sub64(x, y, in1)
		} else if sum, out = bits.Add64(x, y, in1); in.mask>>32 == 0 {
			out = sum >> 32
		}
		d[l] = sum & in.mask
		if in.carryOut {
			w.carry = w.carry&^(1<<l) | uint32(out&1)<<l
		}
	}
}
