package ptx

import (
	"fmt"
	"math/bits"
	"sync/atomic"
)

// access reads ld and st: ld.space.nc.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+16].
func (r *reader) access(in *instruction, parts, ops []string) error {
	in.kind, in.more = load, &more{}
	if parts[0] == "st" {
		in.kind = store
	}
	kind, count := parts[len(parts)-1], 1
	if len(parts) < 2 || widths[kind] == 0 {
		return errUnknown
	}
	for _, p := range parts[1 : len(parts)-1] {
		s, isSpace := spaces[p]
		switch {
		case isSpace && in.space == generic && !(p == "const" && in.kind == store):
			in.space = s
		case p == "v2" || p == "v4":
			count = int(p[1] - '0')
		case p == "nc" && in.kind == load || p == "volatile" || p == "relaxed" || p == "weak":
		default:
			return errUnknown
		}
	}
	in.bytes, in.signed = uint64(widths[kind]), kind[0] == 's'
	if in.bytes*uint64(count) > 16 || len(ops) != 2 || in.space == paramSpace && in.kind == store {
		return errUnknown
	}
	address, list := ops[1], ops[0]
	if in.kind == store {
		address, list = ops[0], ops[1]
	}
	base, offset, err := r.addressOf(address)
	if err != nil {
		return err
	}
	values, err := r.vector(list)
	if err != nil {
		return err
	}
	if len(values) != count {
		return fmt.Errorf("%d registers, want %d", len(values), count)
	}
	in.mask = ^uint64(0)
	for _, v := range values {
		if v.pred || v.sink || in.kind == load && (v.width == 0 || v.width < int(in.bytes)) {
			return fmt.Errorf("operand %q", abbreviated(list))
		}
		if in.kind == load {
			in.mask = ^uint64(0) >> (64 - 8*v.width)
		}
		in.src = append(in.src, v.number)
	}
	in.a, in.offset = base.number, uint64(offset)
	return nil
}

// access runs a load or store of the threads of the mask, one after the other.
func (w *warp) access(in *instruction, mask uint32) error {
	n := in.bytes * uint64(len(in.src))
	if in.space == globalSpace {
		moved := int64(n) * int64(bits.OnesCount32(mask))
		if in.kind == load {
			w.block.stats.LoadedGlobal += moved
		} else {
			w.block.stats.StoredGlobal += moved
		}
	}
	quick := in.bytes == 4 && (in.space == globalSpace || in.space == sharedSpace)
	for {
		if quick {
			mask = w.quick(in, mask)
		}
		if mask == 0 {
			return nil
		}
		l := bits.TrailingZeros32(mask) & 31
		if err := w.accessLane(in, n, l); err != nil {
			return fmt.Errorf("thread %d: %w", 32*w.number+l, err)
		}
		mask &= mask - 1
	}
}

// accessLane runs a load or store of one thread.
func (w *warp) accessLane(in *instruction, n uint64, l int) error {
	p, err := w.locate(in.space, w.get(in.a)[l]+in.offset, n, l)
	if err != nil {
		return err
	}
	if in.kind == load {
		return w.load(in, &p, l)
	}
	return w.store(in, &p, l)
}

// quick does what accessLane does for words of 4 bytes, up to the first thread that uses another allocation than the last,
// or has an error. It returns the threads that are left.
func (w *warp) quick(in *instruction, mask uint32) uint32 {
	b := w.block
	a, u, parallel := b.last, b.user, b.parallel
	if in.space == sharedSpace {
		a, u, parallel = &b.shared, user(uint32(w.number)+1, b.epoch), false
	}
	n, address, base := 4*uint64(len(in.src)), w.get(in.a), a.base-in.offset
	wrote, read, many := u|oneWriter|wholeWord, u|oneReader|wholeWord, u&epochMask|readers|wholeWord
	for m := mask; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		at := address[l] - base
		if at >= a.size || a.size-at < n || at&(n-1) != 0 {
			return m
		}
		cells := a.cells[at/4:][:len(in.src)]
		for i := range cells {
			c := cell(atomic.LoadUint64((*uint64)(&cells[i])))
			if c == wrote || in.kind == load && (c == read || c == many) {
				continue // the use changes nothing
			}
			if !cells[i].quick(u, in.kind == store, parallel) {
				return m
			}
		}
		words := a.words[at/4:][:len(in.src)]
		if in.kind == store {
			for i, r := range in.src {
				words[i] = uint32(w.get(r)[l])
			}
			continue
		}
		for i, r := range in.src {
			w.regs[r][l] = extend(uint64(words[i]), 4, in.signed) & in.mask
		}
	}
	return 0
}

// load reads the registers of a lane.
func (w *warp) load(in *instruction, p *place, l int) error {
	for i, r := range in.src {
		at := p.at + uint64(i)*in.bytes
		word, shift := at/4, at%4
		var v uint64
		switch {
		case in.bytes == 4:
			if err := p.touch(word, false, wholeWord); err != nil {
				return err
			}
			v = uint64(p.words[word])
		case in.bytes == 8:
			for half := range uint64(2) {
				if err := p.touch(word+half, false, wholeWord); err != nil {
					return err
				}
			}
			v = uint64(p.words[word]) | uint64(p.words[word+1])<<32
		default:
			if err := p.touch(word, false, cell(1<<in.bytes-1)<<shift); err != nil {
				return err
			}
			v = uint64(p.words[word]) >> (8 * shift) & (1<<(8*in.bytes) - 1)
		}
		if in.signed {
			v = extend(v, int(in.bytes), true)
		}
		w.regs[r][l] = v & in.mask
	}
	return nil
}

// store writes the registers of a lane.
func (w *warp) store(in *instruction, p *place, l int) error {
	for i, r := range in.src {
		at := p.at + uint64(i)*in.bytes
		word, shift := at/4, at%4
		v := w.get(r)[l]
		switch in.bytes {
		case 4, 8:
			for half := range in.bytes / 4 {
				if err := p.touch(word+half, true, wholeWord); err != nil {
					return err
				}
				p.words[word+half] = uint32(v >> (32 * half))
			}
		default:
			if err := p.touch(word, true, cell(1<<in.bytes-1)<<shift); err != nil {
				return err
			}
			keep := uint32(1<<(8*in.bytes)-1) << (8 * shift)
			p.words[word] = p.words[word]&^keep | uint32(v)<<(8*shift)&keep
		}
	}
	return nil
}
