//go:build gpu && linux && amd64 && cgo

package driver

// #cgo LDFLAGS: -L${SRCDIR}/lib -ldl
// #include <stdlib.h>
// const char *cuda_no_driver(void);
// int cuda_init_code(void);
import "C"

import (
	"fmt"
	"runtime"

	"gorgonia.org/cu"

	"goomtrain/internal/gpu"
	"goomtrain/internal/printable"
)

// Built reports whether the program is built with GPU support.
const Built = true

// What the kernels need: PTX 7.0, for compute capability 8.0.
const (
	leastVersion = 11000 // of the driver: 1000 times the major version of CUDA, 10 times the minor
	leastMajor   = 8
)

// Count returns the number of GPUs that the driver offers. It is an error if there is no driver, or none.
func Count() (int, error) {
	if why := C.cuda_no_driver(); why != nil {
		return 0, fmt.Errorf("gpu: no NVIDIA driver on this machine: %s", C.GoString(why))
	}
	switch code := C.cuda_init_code(); code {
	case 0:
	case 100: // CUDA_ERROR_NO_DEVICE
		return 0, fmt.Errorf("gpu: the NVIDIA driver finds no GPU: see what nvidia-smi lists, and CUDA_VISIBLE_DEVICES")
	case 803:
		return 0, fmt.Errorf("gpu: the NVIDIA driver's library and its kernel module have different versions: restart the machine (CUDA error 803)")
	default:
		return 0, fmt.Errorf("gpu: the NVIDIA driver does not start: CUDA error %d", code)
	}
	if v := cu.Version(); v < leastVersion {
		return 0, fmt.Errorf("gpu: the NVIDIA driver supports CUDA %s, but the kernels need %s: update the driver", version(v), version(leastVersion))
	}
	n, err := cu.NumDevices()
	if err != nil {
		return 0, fmt.Errorf("gpu: count the GPUs: %w", describe(err))
	}
	if n == 0 {
		return 0, fmt.Errorf("gpu: the NVIDIA driver finds no GPU: see what nvidia-smi lists, and CUDA_VISIBLE_DEVICES")
	}
	return n, nil
}

// version is the text of a version of CUDA.
func version(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }

// Open returns the GPU of that number, from 0. It ties the calling goroutine to its thread until Close, and all calls
// must come from this goroutine.
func Open(number int) (gpu.Device, error) {
	n, err := Count()
	if err != nil {
		return nil, err
	}
	if number < 0 || number >= n {
		return nil, fmt.Errorf("gpu: there is no GPU %d: the driver offers %d, numbered from 0", number, n)
	}
	dev, err := cu.GetDevice(number)
	if err != nil {
		return nil, fmt.Errorf("gpu %d: %w", number, describe(err))
	}
	name, err := dev.Name()
	if err != nil {
		return nil, fmt.Errorf("gpu %d: %w", number, describe(err))
	}
	major, minor, err := dev.ComputeCapability()
	if err != nil {
		return nil, fmt.Errorf("gpu %d: %w", number, describe(err))
	}
	if major < leastMajor {
		return nil, fmt.Errorf("gpu %d: %s has compute capability %d.%d, but the kernels need %d.0 (Ampere, such as A100 or RTX 30) or later", number, name, major, minor, leastMajor)
	}
	total, err := dev.TotalMem()
	if err != nil {
		return nil, fmt.Errorf("gpu %d: %w", number, describe(err))
	}
	runtime.LockOSThread() // a context belongs to a thread
	ctx, err := dev.MakeContext(cu.SchedAuto)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("gpu %d: %s: make a context: %w", number, name, describe(err))
	}
	flops, bytes := limits(dev, major, minor)
	return &device{
		flops: flops, bytes: bytes,
		ctx:    ctx,
		buffer: C.malloc(4 * bufferWords), // cgo ends the program if there is no memory
		name:   fmt.Sprintf("%s, compute capability %d.%d, %.1f GB, driver for CUDA %s", printable.Short(name, 80), major, minor, float64(total)/1e9, version(cu.Version())),
	}, nil
}
