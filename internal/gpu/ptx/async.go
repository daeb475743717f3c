package ptx

import (
	"fmt"
	"math/bits"
	"strconv"
)

// A transfer is a copy from global to shared memory that has begun.
type transfer struct {
	lane     int
	to, from uint64
	bytes    uint64 // of the destination
	read     uint64 // of the source; the rest is zeros
}

// copy reads cp.async.ca.shared.global [to], [from], 16; with a fourth operand, only so many bytes are read.
func (r *reader) copy(in *instruction, parts, ops []string) (err error) {
	in.more = &more{}
	switch name := join(parts); {
	case name == "cp.async.commit_group" && len(ops) == 0:
		in.kind = copyCommit
		return nil
	case name == "cp.async.wait_all" && len(ops) == 0:
		in.kind, in.number = copyWait, -1
		return nil
	case name == "cp.async.wait_group" && len(ops) == 1:
		in.kind = copyWait
		if in.number, err = strconv.Atoi(ops[0]); err != nil || in.number < 0 || in.number > 64 {
			return fmt.Errorf("operand %q", abbreviated(ops[0]))
		}
		return nil
	case name != "cp.async.ca.shared.global" && name != "cp.async.cg.shared.global", len(ops) != 3 && len(ops) != 4:
		return errUnknown
	}
	in.kind = copyAsync
	to, toOffset, err := r.addressOf(ops[0])
	if err != nil {
		return err
	}
	from, fromOffset, err := r.addressOf(ops[1])
	if err != nil {
		return err
	}
	size, err := immediate(ops[2])
	if err != nil || size != 4 && size != 8 && size != 16 || parts[2] == "cg" && size != 16 {
		return fmt.Errorf("copy of %q bytes", abbreviated(ops[2]))
	}
	last := ops[2]
	if len(ops) == 4 {
		last = ops[3]
	}
	read, err := r.value(last)
	if err != nil {
		return err
	}
	in.a, in.b, in.c, in.bytes = to.number, from.number, read.number, size
	in.offset, in.mask = uint64(toOffset), uint64(fromOffset)
	return nil
}

// transfer begins copies. They are made when a thread waits for them: what reads the destination earlier finds what was
// there before.
func (w *warp) transfer(in *instruction, mask uint32) error {
	to, from, read := w.get(in.a), w.get(in.b), w.get(in.c)
	for m := mask; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		n := uint64(uint32(read[l]))
		if n > in.bytes {
			return fmt.Errorf("thread %d: copy of %d bytes to %d", 32*w.number+l, n, in.bytes)
		}
		w.open[l] = append(w.open[l], transfer{l, to[l] + in.offset, from[l] + in.mask, in.bytes, n})
	}
	return nil
}

// commit ends a group of copies.
func (w *warp) commit(mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		w.groups[l] = append(w.groups[l], w.open[l])
		w.open[l] = nil
	}
}

// await makes the copies of all groups but the last ones; of -1, of all groups and of the open one.
func (w *warp) await(leave int, mask uint32) error {
	if leave < 0 {
		w.commit(mask)
		leave = 0
	}
	for m := mask; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		for len(w.groups[l]) > leave {
			for _, t := range w.groups[l][0] {
				if err := w.copy(t); err != nil {
					return fmt.Errorf("thread %d: %w", 32*w.number+l, err)
				}
			}
			w.groups[l] = w.groups[l][1:]
		}
	}
	return nil
}

// copy makes a copy.
func (w *warp) copy(t transfer) error {
	to, err := w.locate(sharedSpace, t.to, t.bytes, t.lane)
	if err != nil {
		return err
	}
	from := to
	if t.read > 0 {
		if from, err = w.locate(globalSpace, t.from, t.bytes, t.lane); err != nil {
			return err
		}
	}
	for i := range t.bytes / 4 {
		var v uint32
		if n := min(t.read-min(t.read, 4*i), 4); n > 0 {
			if err := from.touch(from.at/4+i, false, 1<<n-1); err != nil {
				return err
			}
			v = from.words[from.at/4+i] & uint32(1<<(8*n)-1)
		}
		if err := to.touch(to.at/4+i, true, wholeWord); err != nil {
			return err
		}
		to.words[to.at/4+i] = v
	}
	return nil
}
