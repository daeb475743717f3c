package ptx

import "fmt"

// A block is what runs one block of a launch after another.
type block struct {
	*launch
	kernel   *kernel
	device   *Device
	stats    Stats
	warps    []*warp // all that were ever needed
	running  []*warp
	shared   allocation
	params   allocation
	parallel bool
	epoch    uint32      // of shared memory: changes at a barrier
	user     cell        // of global memory
	last     *allocation // of global memory that was used last
}

// none is the allocation that a block used last when it has used none.
var none allocation

// begin gets ready for a launch.
func (b *block) begin(l *launch, parallel bool) {
	b.launch, b.device, b.parallel, b.stats = l, l.device, parallel, Stats{}
	b.last = &none
	for i, p := range b.kernel.params {
		for j := range p.size {
			at := p.offset + j
			shift := 8 * (at % 4)
			b.params.words[at/4] = b.params.words[at/4]&^(255<<shift) | uint32(l.args[i]>>(8*j)&255)<<shift
			b.params.cells[at/4] |= 1 << (at % 4)
		}
	}
	n := (l.size.count() + 31) / 32
	for len(b.warps) < n {
		b.warps = append(b.warps, newWarp(b, len(b.warps)))
	}
	b.running = b.warps[:n]
	for _, w := range b.running {
		w.begin()
	}
}

// run runs the block of that number.
func (b *block) run(number int) error {
	b.user = user(uint32(number)+1, b.device.epoch)
	b.stats.Blocks++
	clear(b.shared.cells)
	b.epoch = 0
	for _, w := range b.running {
		w.start(number)
	}
	for {
		if b.epoch++; b.epoch == lastEpoch {
			return fmt.Errorf("more than %d barriers", b.epoch)
		}
		alive := false
		for _, w := range b.running {
			if err := w.run(); err != nil {
				return err
			}
			alive = alive || w.alive != 0
		}
		if !alive {
			return nil
		}
		if err := b.pass(); err != nil {
			return err
		}
	}
}
