package ptx

import (
	"fmt"
	"sync/atomic"
)

// A space is a part of memory.
type space uint8

const (
	generic space = iota // of which part, the address says
	globalSpace
	sharedSpace
	localSpace
	paramSpace
)

var spaces = map[string]space{"global": globalSpace, "const": globalSpace, "shared": sharedSpace, "local": localSpace, "param": paramSpace}

var spaceNames = [...]string{"memory", "an allocation", "shared memory", "local memory", "the parameters"}

// place is where a thread's access is: an allocation and the byte in it.
type place struct {
	*allocation
	at     uint64
	space  space
	user   cell
	shared bool // with other blocks that run at the same time
}

// locate finds n bytes, a power of two, at the address of a lane.
func (w *warp) locate(s space, address, n uint64, lane int) (p place, err error) {
	b := w.block
	if s == generic {
		switch {
		case address >= firstAddress:
			s = globalSpace
		case address >= localWindow:
			s, address = localSpace, address-localWindow
		case address >= sharedWindow:
			s, address = sharedSpace, address-sharedWindow
		default:
			return p, fmt.Errorf("address %#x is in no memory", address)
		}
	}
	p.space = s
	limit := uint64(0)
	switch s {
	case globalSpace:
		a := b.last
		if at := address - a.base; at >= a.size || a.size-at < n {
			if a, err = b.device.find(address, n); err != nil {
				return p, err
			}
			b.last = a
		}
		p.allocation, p.at, p.user, p.shared = a, address-a.base, b.user, b.parallel
		limit = a.size
	case sharedSpace:
		p.allocation, p.at, p.user = &b.shared, address, user(uint32(w.number)+1, b.epoch)
		limit = b.shared.size
	case localSpace:
		frame := uint64(b.kernel.localBytes)
		p.allocation, p.user = &w.local, user(1, 1)
		if address < frame {
			p.at = address + uint64(lane)*frame
		} else {
			p.at = ^uint64(0)
		}
		limit = uint64(lane+1) * frame
	case paramSpace:
		p.allocation, p.at, p.user = &b.params, address, user(1, 1)
		limit = b.params.size
	}
	if p.at >= limit || limit-p.at < n {
		return p, fmt.Errorf("address %d, %d bytes, is beside the %d bytes of %s", int64(address), n, p.size, spaceNames[s])
	}
	if address&(n-1) != 0 {
		return p, fmt.Errorf("address %#x is no multiple of %d", address, n)
	}
	return p, nil
}

// touch notes the use of a word and returns an error if it conflicts with another's.
func (p *place) touch(word uint64, write bool, bytes cell) error {
	for {
		c := &p.cells[word]
		old := cell(atomic.LoadUint64((*uint64)(c)))
		var next cell
		var conflict string
		if write {
			next, conflict = old.write(p.user, bytes)
		} else {
			next, conflict = old.read(p.user)
			if conflict == "" && old&bytes != bytes {
				return fmt.Errorf("read of word %d of %s, which nobody has written", word, spaceNames[p.space])
			}
		}
		if conflict != "" {
			who := "block"
			if p.space == sharedSpace {
				who = "warp"
			}
			return fmt.Errorf("word %d of %s was %s by another %s with no barrier between", word, spaceNames[p.space], conflict, who)
		}
		if next == old {
			return nil
		}
		if !p.shared {
			*c = next
			return nil
		}
		if atomic.CompareAndSwapUint64((*uint64)(c), uint64(old), uint64(next)) {
			return nil
		}
	}
}
