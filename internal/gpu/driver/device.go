//go:build gpu && linux && amd64 && cgo

package driver

// #include <stdlib.h>
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"gorgonia.org/cu"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels/cuda"
	"goomtrain/internal/printable"
)

// A device is a GPU with a context, bound to the thread that opened it.
type device struct {
	ctx    cu.CUContext
	name   string
	flops  float64
	bytes  float64
	params []unsafe.Pointer // of a launch: one for each argument
	recent [recentKernels]string
	buffer unsafe.Pointer // of bufferWords
	closed bool
	since  int // launches since the device was last known to be without an error
}

// recentKernels is how many launches an error of the device names.
const recentKernels = 4

// bufferWords is how much is copied at a time.
const bufferWords = 1 << 20

type kernel struct {
	function cu.Function
	name     string
}

// Name implements gpu.Device.
func (d *device) Name() string { return d.name }

// Memory implements gpu.Device.
func (d *device) Memory() (free, total int64, err error) {
	if free, total, err = cu.MemInfo(); err != nil {
		return 0, 0, fmt.Errorf("size of the GPU's memory: %w", d.describe(err))
	}
	return free, total, nil
}

// Alloc implements gpu.Device.
func (d *device) Alloc(bytes int64) (gpu.Ptr, error) {
	p, err := cu.MemAlloc(max(bytes, 1))
	switch {
	case err == nil:
		return gpu.Ptr(p), nil
	case err == error(cu.OutOfMemory):
		free, total, err := d.Memory()
		if err != nil {
			return 0, fmt.Errorf("allocate %d bytes: %w", bytes, gpu.ErrMemory)
		}
		return 0, fmt.Errorf("allocate %d bytes, of %d MB free of %d MB on the GPU: %w", bytes, free/1e6, total/1e6, gpu.ErrMemory)
	}
	return 0, fmt.Errorf("allocate %d bytes: %w", bytes, d.describe(err))
}

// Free implements gpu.Device.
func (d *device) Free(p gpu.Ptr) error { return d.describe(cu.MemFree(cu.DevicePtr(p))) }

// Write implements gpu.Device. The driver copies small amounts without waiting for the launches before.
func (d *device) Write(to gpu.Ptr, words []uint32) error {
	for len(words) > 0 {
		n := copy(d.staging(), words)
		if err := cu.MemcpyHtoD(cu.DevicePtr(to), d.buffer, int64(4*n)); err != nil {
			return d.describe(err)
		}
		to, words = to.Add(n), words[n:]
	}
	return nil
}

// Read implements gpu.Device.
func (d *device) Read(words []uint32, from gpu.Ptr) error {
	for len(words) > 0 {
		n := min(len(words), bufferWords)
		if err := d.finished(cu.MemcpyDtoH(d.buffer, cu.DevicePtr(from), int64(4*n))); err != nil {
			return err
		}
		copy(words, d.staging()[:n])
		from, words = from.Add(n), words[n:]
	}
	return nil
}

// staging returns the buffer of the copies. It is memory of C: the words of a caller may be part of a Go value that has
// pointers, which must not be passed to C.
func (d *device) staging() []uint32 { return unsafe.Slice((*uint32)(d.buffer), bufferWords) }

// PTX implements gpu.Device.
func (d *device) PTX(module string) (string, error) { return cuda.PTX(module) }

// Load implements gpu.Device. The driver compiles the PTX, and keeps what it has compiled in a cache of its own.
func (d *device) Load(text string) (func(name string) (gpu.Kernel, error), error) {
	m, err := cu.LoadData(text)
	if err != nil {
		return nil, fmt.Errorf("the driver cannot compile the kernels: %w%s", d.describe(err), compilerLog(text))
	}
	return func(name string) (gpu.Kernel, error) {
		f, err := m.Function(name)
		if err != nil {
			return nil, d.describe(err)
		}
		return &kernel{f, name}, nil
	}, nil
}

// compilerLog compiles again and returns what the driver says of it.
func compilerLog(text string) string {
	log := &cu.JITErrorLogBuffer{Buffer: make([]byte, 4096)}
	_, err := cu.LoadDataEx(text, log)
	runtime.KeepAlive(log) // the driver has only its address
	said, _, _ := strings.Cut(string(log.Buffer), "\x00")
	if said = strings.TrimSpace(said); err == nil || said == "" {
		return ""
	}
	return ": " + printable.Short(said, 300)
}

// Launch implements gpu.Device. Each argument is in a slot of 8 bytes: gorgonia.org/cu reads that many, whatever the size of
// the parameter.
func (d *device) Launch(k gpu.Kernel, grid, block gpu.Dim, args []uint64) error {
	f, ok := k.(*kernel)
	if !ok {
		return fmt.Errorf("the kernel was loaded by another device")
	}
	d.params = d.params[:0]
	for i := range args {
		d.params = append(d.params, unsafe.Pointer(&args[i]))
	}
	d.recent[d.since%recentKernels] = f.name
	d.since++
	err := f.function.Launch(grid.X, grid.Y, grid.Z, block.X, block.Y, block.Z, 0, cu.Stream{}, d.params)
	clear(d.params)
	return d.describe(err)
}

// Sync implements gpu.Device.
func (d *device) Sync() error { return d.finished(cu.Synchronize()) }

// finished is the error of a call that has waited for all launches.
func (d *device) finished(err error) error {
	err = d.describe(err)
	if err == nil {
		d.since = 0
	}
	return err
}

// Close implements gpu.Device. A second call does nothing.
func (d *device) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	defer runtime.UnlockOSThread()
	C.free(d.buffer)
	return d.describe(d.ctx.Destroy())
}
