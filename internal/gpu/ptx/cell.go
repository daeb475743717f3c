package ptx

import "sync/atomic"

// A cell says which bytes of a word have been written, and who has used the word in the current epoch: of global memory,
// which blocks in this launch; of shared memory, which warps since the last barrier. It has 4 bits for the bytes, 2 for
// the state, 26 for the epoch and 32 for the owner.
//
// The rules are symmetric: if one user of a word writes it and another uses it in the same epoch, the later of the two
// meets a conflict, whichever it is. So the check finds a conflict in any order of the blocks, and also where they run in
// parallel.
type cell uint64

const (
	wholeWord cell = 15 // all bytes are written

	stateMask cell = 3 << 4
	oneReader cell = 1 << 4 // the owner has read
	readers   cell = 2 << 4 // several have read; there is no owner
	oneWriter cell = 3 << 4 // the owner has written, and may have read

	epochShift = 6
	lastEpoch  = 1<<26 - 1
	epochMask  = cell(lastEpoch) << epochShift
	ownerShift = 32
)

// user returns the epoch and owner of a cell.
func user(owner, epoch uint32) cell { return cell(owner)<<ownerShift | cell(epoch)<<epochShift }

// read returns the cell after a user has read the word. conflict is what another did to it, if that forbids it.
func (c cell) read(u cell) (next cell, conflict string) {
	bytes := c & wholeWord
	switch {
	case (c^u)&epochMask != 0 || c&stateMask == 0:
		return u | oneReader | bytes, ""
	case c&stateMask == readers:
		return c, ""
	case c>>ownerShift == u>>ownerShift:
		return c, ""
	case c&stateMask == oneReader:
		return u&epochMask | readers | bytes, ""
	}
	return c, "written"
}

// write returns the cell after a user has written the given bytes of the word.
func (c cell) write(u, bytes cell) (next cell, conflict string) {
	bytes |= c & wholeWord
	switch {
	case (c^u)&epochMask != 0 || c&stateMask == 0:
		return u | oneWriter | bytes, ""
	case c&stateMask == readers:
		return c, "read"
	case c>>ownerShift == u>>ownerShift:
		return u | oneWriter | bytes, ""
	case c&stateMask == oneReader:
		return c, "read"
	}
	return c, "written"
}

// quick notes the use of a whole word. It reports whether that could be done at once: if not, touch says why or tries
// again. parallel says that other blocks use the cell at the same time.
func (c *cell) quick(u cell, write, parallel bool) bool {
	old := cell(atomic.LoadUint64((*uint64)(c)))
	next, conflict := old, ""
	if write {
		next, conflict = old.write(u, wholeWord)
	} else if next, conflict = old.read(u); old&wholeWord != wholeWord {
		return false
	}
	switch {
	case conflict != "":
		return false
	case !parallel:
		*c = next
		return true
	}
	return next == old || atomic.CompareAndSwapUint64((*uint64)(c), uint64(old), uint64(next))
}
