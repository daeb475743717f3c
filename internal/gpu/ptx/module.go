package ptx

import (
	"fmt"
	"slices"
	"sync"
)

// A Module is the kernels of one PTX text. It may be used by several devices at once.
type Module struct {
	kernels map[string]*kernel
	shared  map[string]variable // declared outside any kernel
	globals []variable          // in global and constant memory
}

// A variable is memory with a name.
type variable struct {
	name        string
	size, align int
	initial     []byte // nil: zeros
}

type parameter struct{ size, offset int }

type kernel struct {
	module      *Module
	name        string
	params      []parameter
	paramBytes  int
	threads     int // of a block at most; 0: not said
	sharedBytes int
	localBytes  int // of a thread
	registers   int
	predicates  int
	special     []special
	globals     []address
	constants   []lanes // immediate operands
	code        []instruction

	mu   sync.Mutex
	idle []*block // for the next launch
}

// A special is a register that the device sets.
type special struct {
	register int32
	name     string
}

// An address is a register that holds the address of a variable of the module.
type address struct {
	register int32
	variable int
}

// Kernels returns the names of the kernels of a module, sorted.
func (m *Module) Kernels() []string {
	names := make([]string, 0, len(m.kernels))
	for name := range m.kernels {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Params returns the sizes in bytes of a kernel's parameters; nil if there is no such kernel.
func (m *Module) Params(name string) []int {
	k := m.kernels[name]
	if k == nil {
		return nil
	}
	sizes := make([]int, len(k.params))
	for i, p := range k.params {
		sizes[i] = p.size
	}
	return sizes
}

// check returns an error if the kernel cannot be launched in that way.
func (k *kernel) check(grid, block Dim, args int) error {
	switch {
	case args != len(k.params):
		return fmt.Errorf("%d arguments, want %d", args, len(k.params))
	case grid.X < 1 || grid.Y < 1 || grid.Z < 1 || grid.X > 1<<31-1 || grid.Y > 65535 || grid.Z > 65535:
		return fmt.Errorf("grid %v, want 1 to 2147483647 x 65535 x 65535", grid)
	case block.X < 1 || block.Y < 1 || block.Z < 1 || block.X > 1024 || block.Y > 1024 || block.Z > 64 || block.count() > 1024:
		return fmt.Errorf("block %v, want 1 to 1024 threads, at most 64 in z", block)
	case k.threads > 0 && block.count() > k.threads:
		return fmt.Errorf("block %v: the kernel is compiled for at most %d threads", block, k.threads)
	}
	for _, p := range k.params {
		if p.size > 8 {
			return fmt.Errorf("a parameter of %d bytes, want at most 8", p.size)
		}
	}
	return nil
}
