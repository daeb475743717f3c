package ptx

import (
	"fmt"
	"math"
	"math/bits"
)

// A warp is 32 threads.
type warp struct {
	block   *block
	number  int
	regs    []lanes
	preds   []uint32
	spare   lanes
	local   allocation
	pc      [32]int
	alive   uint32
	waiting uint32       // at the barrier of the block
	held    uint32       // at an instruction that threads execute together, for others that are not there yet
	barrier *instruction // that the threads wait at
	vote    uint32       // what they brought to it
	carry   uint32       // of additions in several parts
	open    [32][]transfer
	groups  [32][][]transfer
}

func newWarp(b *block, number int) *warp {
	k := b.kernel
	return &warp{block: b, number: number, regs: make([]lanes, k.registers), preds: make([]uint32, k.predicates),
		local: *newAllocation(0, 32*uint64(k.localBytes))}
}

// get returns a register or a constant.
func (w *warp) get(n int32) *lanes {
	if n < 0 {
		return &w.block.kernel.constants[^n]
	}
	return &w.regs[n]
}

// begin sets the registers that are the same in all blocks of a launch.
func (w *warp) begin() {
	for _, s := range w.block.kernel.special {
		w.set(s, 0)
	}
	for _, g := range w.block.kernel.globals {
		for l := range 32 {
			w.regs[g.register][l] = w.block.globals[g.variable]
		}
	}
}

// set sets a special register for a block.
func (w *warp) set(s special, number int) {
	b := w.block
	axis := s.name[len(s.name)-1]
	pick := func(d Dim) uint64 { return uint64([3]int{d.X, d.Y, d.Z}[axis-'x']) }
	for l := range 32 {
		var v uint64
		bit := uint64(1) << l
		switch s.name {
		case "%laneid":
			v = uint64(l)
		case "%warpid":
			v = uint64(w.number)
		case "%nwarpid":
			v = uint64(len(b.running))
		case "%lanemask_eq":
			v = bit
		case "%lanemask_lt":
			v = bit - 1
		case "%lanemask_le":
			v = 2*bit - 1
		case "%lanemask_gt":
			v = ^(2*bit - 1) & math.MaxUint32
		case "%lanemask_ge":
			v = -bit & math.MaxUint32
		case "%tid.x", "%tid.y", "%tid.z":
			v = pick(b.size.at(32*w.number + l))
		case "%ntid.x", "%ntid.y", "%ntid.z":
			v = pick(b.size)
		case "%ctaid.x", "%ctaid.y", "%ctaid.z":
			v = pick(b.grid.at(number))
		case "%nctaid.x", "%nctaid.y", "%nctaid.z":
			v = pick(b.grid)
		}
		w.regs[s.register][l] = v
	}
}

// start begins the block of that number.
func (w *warp) start(number int) {
	w.block.stats.Warps++
	w.waiting, w.held, w.alive = 0, 0, ^uint32(0)
	if n := w.block.size.count() - 32*w.number; n < 32 {
		w.alive = 1<<n - 1
	}
	w.pc = [32]int{}
	clear(w.local.cells)
	for _, s := range w.block.kernel.special {
		if s.name[1] == 'c' { // %ctaid
			w.set(s, number)
		}
	}
	for l := range 32 {
		w.open[l], w.groups[l] = w.open[l][:0], w.groups[l][:0]
	}
}

// run goes on until every thread of the warp has ended or waits at the barrier of the block. The threads that are furthest
// behind go first; those at the same instruction go together.
func (w *warp) run() error {
	for {
		ready := w.alive &^ w.waiting &^ w.held
		last := false
		if ready == 0 {
			if w.held == 0 {
				return nil
			}
			ready, last = w.held, true // nobody else can move: they must go on as they are, or never
		}
		first, next := math.MaxInt, math.MaxInt
		var active uint32
		for m := ready; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			switch pc := w.pc[l]; {
			case pc < first:
				first, next, active = pc, first, 1<<l
			case pc == first:
				active |= 1 << l
			case pc < next:
				next = pc
			}
		}
		for m := w.held &^ ready; m != 0; m &= m - 1 { // those that are held join when others come to them
			if l := bits.TrailingZeros32(m) & 31; w.pc[l] == first {
				active |= 1 << l
			} else if pc := w.pc[l]; pc > first && pc < next {
				next = pc
			}
		}
		w.held &^= active
		if err := w.advance(active, first, next, last); err != nil {
			return err
		}
	}
}

// moveTo sets where threads go on.
func (w *warp) moveTo(mask uint32, pc int) {
	for ; mask != 0; mask &= mask - 1 {
		w.pc[bits.TrailingZeros32(mask)&31] = pc
	}
}

// advance runs active threads, which are all at pc, until they part, wait, end, or reach the instruction where others
// are. last says that no others of the warp can come.
func (w *warp) advance(active uint32, pc, until int, last bool) error {
	code := w.block.kernel.code
	stats := &w.block.stats
	for pc < until {
		if pc >= len(code) {
			return fmt.Errorf("warp %d, threads %#x: they run past the end", w.number, active)
		}
		in := &code[pc]
		mask := active
		if in.guard >= 0 {
			p := w.preds[in.guard]
			if in.negate {
				p = ^p
			}
			mask &= p
		}
		stats.Instructions++
		stats.Operations += int64(bits.OnesCount32(mask))
		switch {
		case in.kind == branch:
			if mask == active {
				pc = in.target
				continue
			}
			if mask != 0 { // they part
				w.moveTo(active, pc+1)
				w.moveTo(mask, in.target)
				return nil
			}
		case mask == 0:
		case in.kind == compute:
			if mask == w.alive {
				in.run(&w.regs[in.d], w.get(in.a), w.get(in.b), w.get(in.c))
			} else {
				w.masked(in, mask)
			}
		case in.kind == compare:
			p := &w.preds[in.d]
			*p = *p&^mask | in.test(w.get(in.a), w.get(in.b))&mask
		case in.kind == exit:
			w.alive &^= mask
			if active &^= mask; active == 0 {
				return nil
			}
		case in.kind < together:
			if err := w.step(in, mask); err != nil {
				return w.failed(in, mask, err)
			}
		default:
			missing, err := w.missing(in, mask)
			if err != nil {
				return w.failed(in, mask, err)
			}
			if missing != 0 {
				if last {
					return w.failed(in, mask, fmt.Errorf("waits for threads %#x of the warp, which never come", missing))
				}
				w.moveTo(active, pc)
				w.held |= active
				return nil
			}
			if in.kind == barrier {
				w.arrive(in)
				w.moveTo(active, pc+1)
				w.waiting |= mask
				return nil
			}
			if err := w.collective(in, mask); err != nil {
				return w.failed(in, mask, err)
			}
		}
		pc++
	}
	w.moveTo(active, pc)
	return nil
}

// masked is an operation for some of the threads.
func (w *warp) masked(in *instruction, mask uint32) {
	in.run(&w.spare, w.get(in.a), w.get(in.b), w.get(in.c))
	d := &w.regs[in.d]
	for ; mask != 0; mask &= mask - 1 {
		l := bits.TrailingZeros32(mask) & 31
		d[l] = w.spare[l]
	}
}

func (w *warp) failed(in *instruction, mask uint32, err error) error {
	return fmt.Errorf("warp %d, threads %#x, line %d, %s: %w", w.number, mask, in.line, in.op, err)
}
