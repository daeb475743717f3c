//go:build gpu && fakecuda && linux && amd64 && cgo

package fakecuda

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	"goomtrain/internal/gpu/ptx"
)

// Error codes of the driver.
const (
	success        = 0
	invalidValue   = 1
	outOfMemory    = 2
	invalidDevice  = 101
	invalidContext = 201
	invalidPTX     = 218
	invalidHandle  = 400
	notFound       = 500
	launchFailed   = 719
)

// A context is memory and kernels on one of the GPUs. broken is the error of a kernel, which all later calls return.
type context struct {
	device ptx.Device
	broken int
}

type function struct {
	module *ptx.Module
	name   string
	sizes  []int // of the parameters
}

var (
	mu      sync.Mutex
	handles = map[uintptr]any{}  // what C has a pointer to
	last    uintptr              // handle
	current = map[int]*context{} // by thread
)

// handle gives a Go value a number that C may keep.
func handle(v any) unsafe.Pointer {
	last += 16
	handles[last] = v
	n := last
	return *(*unsafe.Pointer)(unsafe.Pointer(&n))
}

func lookup[T any](p unsafe.Pointer) (T, bool) {
	v, ok := handles[uintptr(p)].(T)
	return v, ok
}

// setting returns a number of the environment.
func setting(name string, otherwise int64) int64 {
	if n, err := strconv.ParseInt(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

func memoryLimit() int64 { return setting("FAKECUDA_MEMORY", 1<<40) }

// capability returns the compute capability.
func capability() (major, minor int) {
	if n, _ := fmt.Sscanf(os.Getenv("FAKECUDA_CAPABILITY"), "%d.%d", &major, &minor); n == 2 {
		return major, minor
	}
	return 8, 0
}

// with runs a call on the context of this thread.
func with(call func(c *context) (code int, err error)) int {
	mu.Lock()
	defer mu.Unlock()
	c := current[syscall.Gettid()]
	switch {
	case c == nil:
		return invalidContext
	case c.broken != 0:
		return c.broken
	}
	code, err := call(c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fakecuda:", err)
	}
	return code
}
