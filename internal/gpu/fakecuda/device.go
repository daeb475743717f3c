//go:build gpu && fakecuda && linux && amd64 && cgo

package fakecuda

// #include <stddef.h>
// #include <stdlib.h>
import "C"

import (
	"os"
	"syscall"
	"unsafe"
)

//export cuda_no_driver
func cuda_no_driver() *C.char {
	if os.Getenv("FAKECUDA_INIT") == "none" {
		return noDriver
	}
	return nil
}

var noDriver = C.CString("libcuda.so.1: cannot open shared object file: No such file or directory")

//export cuda_init_code
func cuda_init_code() C.int { return C.int(setting("FAKECUDA_INIT", success)) }

//export cuInit
func cuInit(C.uint) C.int { return success }

//export cuDriverGetVersion
func cuDriverGetVersion(v *C.int) C.int {
	*v = C.int(setting("FAKECUDA_VERSION", 13000))
	return success
}

//export cuDeviceGetCount
func cuDeviceGetCount(n *C.int) C.int {
	*n = C.int(setting("FAKECUDA_DEVICES", 1))
	return success
}

//export cuDeviceGet
func cuDeviceGet(dev *C.int, ordinal C.int) C.int {
	if ordinal < 0 || int64(ordinal) >= setting("FAKECUDA_DEVICES", 1) {
		return invalidDevice
	}
	*dev = ordinal
	return success
}

//export cuDeviceGetName
func cuDeviceGetName(name *C.char, n, dev C.int) C.int {
	copy(unsafe.Slice((*byte)(unsafe.Pointer(name)), int(n)), "PTX emulator\x00")
	return success
}

//export cuDeviceTotalMem_v2
func cuDeviceTotalMem_v2(bytes *C.size_t, dev C.int) C.int {
	*bytes = C.size_t(memoryLimit())
	return success
}

// cuDeviceGetAttribute has the clocks of an A100.
//
//export cuDeviceGetAttribute
func cuDeviceGetAttribute(v *C.int, attribute, dev C.int) C.int {
	major, minor := capability()
	known := map[C.int]int{
		13: 1410000, // CU_DEVICE_ATTRIBUTE_CLOCK_RATE in kHz
		16: 108,     // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
		36: 1215000, // CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE in kHz
		37: 5120,    // CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH in bits
		75: major,   // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
		76: minor,
	}
	value, ok := known[attribute]
	if !ok {
		return invalidValue
	}
	*v = C.int(value)
	return success
}

//export cuCtxCreate_v2
func cuCtxCreate_v2(ctx *unsafe.Pointer, flags C.uint, dev C.int) C.int {
	mu.Lock()
	defer mu.Unlock()
	c := &context{}
	current[syscall.Gettid()] = c
	*ctx = handle(c)
	return success
}

//export cuCtxDestroy_v2
func cuCtxDestroy_v2(ctx unsafe.Pointer) C.int {
	mu.Lock()
	defer mu.Unlock()
	c, ok := lookup[*context](ctx)
	if !ok {
		return invalidContext
	}
	delete(handles, uintptr(ctx))
	if thread := syscall.Gettid(); current[thread] == c {
		delete(current, thread)
	}
	return success
}

//export cuCtxSynchronize
func cuCtxSynchronize() C.int {
	return C.int(with(func(*context) (int, error) { return success, nil }))
}
