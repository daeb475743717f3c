//go:build gpu && linux && amd64 && cgo

package driver

import "gorgonia.org/cu"

// limits returns the most floating-point operations of float32, without tensor cores, and bytes of memory a second, from the clocks that
// the driver tells. They are 0 if it does not tell them.
func limits(dev cu.Device, major, minor int) (flops, bytes float64) {
	a, err := dev.Attributes(cu.MultiprocessorCount, cu.ClockRate, cu.MemoryClockRate, cu.GlobalMemoryBusWidth)
	if err != nil {
		return 0, 0
	}
	cores := 128.0 // of a multiprocessor
	if major == 8 && minor == 0 {
		cores = 64
	}
	const fused, edges = 2, 2 // operations of a core in a cycle, transfers of a line of the bus in a cycle
	flops = fused * cores * float64(a[0]) * 1e3 * float64(a[1])
	bytes = edges * 1e3 * float64(a[2]) * float64(a[3]) / 8
	return flops, bytes
}

// Limits implements gpu.Limited.
func (d *device) Limits() (flops, bytes float64) { return d.flops, d.bytes }
