// Package gpu is the seam between the project and a GPU: memory, kernels in PTX, launches.
//
// A Device is the GPU itself, or an emulation of it. Package emulated has one that runs on the CPU, for tests; package
// driver opens a real GPU in programs that are built with the tag gpu. Package kernels has the kernels. A Queue is what
// most code uses: it remembers the first error, so that a chain of launches needs one check at its end.
package gpu

import (
	"errors"
	"math"
	"unsafe"
)

// A Ptr is an address in the memory of a device; 0 is none.
type Ptr uint64

// Add returns the address of the n-th word of 4 bytes behind p.
func (p Ptr) Add(n int) Ptr { return p + Ptr(4*n) }

// A Dim is the size of a grid or of a block.
type Dim struct{ X, Y, Z int }

// Line returns the size of a grid or block of n in one dimension.
func Line(n int) Dim { return Dim{n, 1, 1} }

// A Kernel is a function of a loaded module.
type Kernel any

// ErrMemory is wrapped by errors of Alloc for want of memory.
var ErrMemory = errors.New("out of memory")

// A Device runs kernels in the order in which they are launched. It is not safe for concurrent use. A device of the
// driver belongs to the thread that opened it.
type Device interface {
	// Name describes the device in one line, with its compute capability and driver.
	Name() string
	// Memory returns the bytes that are free and all that the device has.
	Memory() (free, total int64, err error)
	// Alloc returns the address of new memory, a multiple of 256, whose content is undefined.
	Alloc(bytes int64) (Ptr, error)
	Free(p Ptr) error
	// Write copies words to the device. The slice may change after the call.
	Write(to Ptr, words []uint32) error
	// Read waits for all launches and copies words from the device.
	Read(words []uint32, from Ptr) error
	// PTX returns the text of a module of package kernels.
	PTX(module string) (string, error)
	// Load compiles the PTX of a module and returns a function that finds its kernels by name.
	Load(text string) (func(name string) (Kernel, error), error)
	// Launch starts a kernel. Each argument is given by its bits. The device does not keep args. An error of the
	// kernel may show only at a later Read or Sync.
	Launch(k Kernel, grid, block Dim, args []uint64) error
	// Sync waits for all launches.
	Sync() error
	Close() error
}

// Words returns the words of a slice, which share its memory.
func Words[T float32 | int32 | uint32 | int64 | uint64 | float64](s []T) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T)))/4)
}

// Singles returns a slice of float32 as what it is, where its type is a parameter. It panics on any other.
func Singles[F any](x []F) []float32 { return any(x).([]float32) }

// Int returns the bits of an argument of type int.
func Int(i int) uint64 { return uint64(uint32(int32(i))) }

// Float returns the bits of an argument of type float.
func Float(f float32) uint64 { return uint64(math.Float32bits(f)) }

// Double returns the bits of an argument of type double.
func Double(f float64) uint64 { return math.Float64bits(f) }

// Limited is a Device that knows its limits.
type Limited interface {
	// Limits returns the most floating-point operations of float32 and bytes of memory a second.
	Limits() (flops, bytes float64)
}
