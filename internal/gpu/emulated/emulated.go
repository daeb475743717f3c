// Package emulated is a gpu.Device that runs kernels on the CPU by package ptx, with its checks: for tests.
package emulated

import (
	"fmt"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels/cuda"
	"goomtrain/internal/gpu/ptx"
)

// A Device is an emulated GPU.
type Device struct {
	ptx.Device
	Limit int64 // bytes of memory; 0: no limit
}

var _ gpu.Device = (*Device)(nil)

type kernel struct {
	module *ptx.Module
	name   string
}

// New returns a device without a limit of memory.
func New() *Device { return &Device{} }

// Name implements gpu.Device.
func (d *Device) Name() string { return "PTX emulator" }

// Memory implements gpu.Device.
func (d *Device) Memory() (free, total int64, err error) {
	total = d.Limit
	if total == 0 {
		total = 1 << 40
	}
	return total - d.InUse(), total, nil
}

// Alloc implements gpu.Device.
func (d *Device) Alloc(bytes int64) (gpu.Ptr, error) {
	if d.Limit > 0 && d.InUse()+bytes > d.Limit {
		return 0, fmt.Errorf("allocate %d bytes: %w", bytes, gpu.ErrMemory)
	}
	return gpu.Ptr(d.Device.Alloc(bytes)), nil
}

// Free implements gpu.Device.
func (d *Device) Free(p gpu.Ptr) error { return d.Device.Free(uint64(p)) }

// Write implements gpu.Device.
func (d *Device) Write(to gpu.Ptr, words []uint32) error { return d.Device.Write(uint64(to), words) }

// Read implements gpu.Device.
func (d *Device) Read(words []uint32, from gpu.Ptr) error { return d.Device.Read(words, uint64(from)) }

// PTX implements gpu.Device.
func (d *Device) PTX(module string) (string, error) { return cuda.PTX(module) }

// Load implements gpu.Device.
func (d *Device) Load(text string) (func(name string) (gpu.Kernel, error), error) {
	m, err := ptx.Parse(text)
	if err != nil {
		return nil, err
	}
	return func(name string) (gpu.Kernel, error) {
		if m.Params(name) == nil {
			return nil, fmt.Errorf("the module has no such kernel")
		}
		return kernel{m, name}, nil
	}, nil
}

// Launch implements gpu.Device.
func (d *Device) Launch(k gpu.Kernel, grid, block gpu.Dim, args []uint64) error {
	e := k.(kernel)
	return d.Device.Launch(e.module, e.name, ptx.Dim(grid), ptx.Dim(block), args...)
}

// Sync implements gpu.Device.
func (d *Device) Sync() error { return nil }

// Close implements gpu.Device.
func (d *Device) Close() error { return nil }
