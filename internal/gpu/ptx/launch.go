package ptx

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Dim is the size of a grid or of a block.
type Dim struct{ X, Y, Z int }

func (d Dim) count() int { return d.X * d.Y * d.Z }

// at returns the coordinates of the i-th element.
func (d Dim) at(i int) Dim { return Dim{i % d.X, i / d.X % d.Y, i / d.X / d.Y} }

// Stats counts what launches did.
type Stats struct {
	Blocks, Warps int64
	Instructions  int64 // of warps
	Operations    int64 // of threads
	LoadedGlobal  int64 // bytes
	StoredGlobal  int64
}

func (s *Stats) add(t Stats) {
	s.Blocks += t.Blocks
	s.Warps += t.Warps
	s.Instructions += t.Instructions
	s.Operations += t.Operations
	s.LoadedGlobal += t.LoadedGlobal
	s.StoredGlobal += t.StoredGlobal
}

// A Device runs kernels over its memory. It is not safe for concurrent use. It runs the blocks of a launch on as many
// threads as GOMAXPROCS says, with the same results.
type Device struct {
	Memory
	Stats Stats // of all launches that had no error

	// Order, if set, permutes the blocks of a launch: results must not depend on it.
	Order func(blocks int) []int

	epoch   uint32 // of the launch, in the cells of the memory
	globals map[*Module][]uint64
}

// Launch runs a kernel to its end. Each argument is given by its bits. An error names the kernel, the line of the PTX,
// the block and the thread.
func (d *Device) Launch(m *Module, name string, grid, block Dim, args ...uint64) error {
	k := m.kernels[name]
	if k == nil {
		return fmt.Errorf("ptx: no kernel %q in the module", name)
	}
	if err := k.check(grid, block, len(args)); err != nil {
		return fmt.Errorf("ptx: %s: %w", name, err)
	}
	d.nextEpoch()
	globals, err := d.variables(m)
	if err != nil {
		return fmt.Errorf("ptx: %s: %w", name, err)
	}
	l := &launch{kernel: k, device: d, grid: grid, size: block, args: args, globals: globals, blocks: grid.count()}
	if d.Order != nil {
		l.order = d.Order(l.blocks)
	}
	l.failedAt.Store(int64(l.blocks))
	workers := min(runtime.GOMAXPROCS(0), l.blocks)
	if workers == 1 {
		l.work(false)
	} else {
		var wait sync.WaitGroup
		for range workers {
			wait.Go(func() { l.work(true) })
		}
		wait.Wait()
	}
	if l.err != nil {
		return fmt.Errorf("ptx: %s: %w", name, l.err)
	}
	d.Stats.add(l.stats)
	return nil
}

// nextEpoch begins a launch: uses of memory in earlier ones do not count.
func (d *Device) nextEpoch() {
	if d.epoch == lastEpoch {
		for _, a := range d.blocks {
			for i := range a.cells {
				a.cells[i] &= wholeWord
			}
		}
		d.epoch = 0
	}
	d.epoch++
}

// variables returns the addresses of a module's variables, which the device allocates when it sees the module first.
func (d *Device) variables(m *Module) ([]uint64, error) {
	if addresses, ok := d.globals[m]; ok || len(m.globals) == 0 {
		return addresses, nil
	}
	var addresses []uint64
	for _, v := range m.globals {
		words := make([]uint32, (v.size+3)/4)
		for i, b := range v.initial {
			words[i/4] |= uint32(b) << (8 * (i % 4))
		}
		p := d.Alloc(int64(4 * len(words)))
		if err := d.Write(p, words); err != nil {
			return nil, err
		}
		addresses = append(addresses, p)
	}
	if d.globals == nil {
		d.globals = map[*Module][]uint64{}
	}
	d.globals[m] = addresses
	return addresses, nil
}

// A launch is the blocks of one launch, which workers take one after the other.
type launch struct {
	kernel  *kernel
	device  *Device
	grid    Dim
	size    Dim
	args    []uint64
	globals []uint64
	blocks  int
	order   []int

	taken    atomic.Int64
	failedAt atomic.Int64 // place in the order of the first block with an error
	mu       sync.Mutex
	err      error
	stats    Stats
}

// work runs blocks until there are none. After an error, blocks that come earlier in the order still run, so that the
// error of the first block is found.
func (l *launch) work(parallel bool) {
	b := l.kernel.take()
	b.begin(l, parallel)
	for {
		at := l.taken.Add(1) - 1
		if at >= int64(l.blocks) || at > l.failedAt.Load() {
			break
		}
		number := int(at)
		if l.order != nil {
			number = l.order[at]
		}
		if err := b.run(number); err != nil {
			l.fail(at, fmt.Errorf("block %v: %w", l.grid.at(number), err))
		}
	}
	l.mu.Lock()
	l.stats.add(b.stats)
	l.mu.Unlock()
	l.kernel.put(b)
}

// fail keeps the error of the earliest block.
func (l *launch) fail(at int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at < l.failedAt.Load() {
		l.failedAt.Store(at)
		l.err = err
	}
}

// take returns a block that no launch uses.
func (k *kernel) take() *block {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.idle); n > 0 {
		b := k.idle[n-1]
		k.idle = k.idle[:n-1]
		return b
	}
	return &block{kernel: k, shared: *newAllocation(0, uint64(k.sharedBytes)), params: *newAllocation(0, uint64(k.paramBytes))}
}

func (k *kernel) put(b *block) {
	b.launch, b.device, b.last = nil, nil, nil
	k.mu.Lock()
	defer k.mu.Unlock()
	k.idle = append(k.idle, b)
}
