//go:build gpu && fakecuda && linux && amd64 && cgo

package fakecuda

// #include <stddef.h>
import "C"

import "unsafe"

//export cuMemGetInfo_v2
func cuMemGetInfo_v2(free, total *C.size_t) C.int {
	return C.int(with(func(c *context) (int, error) {
		*free, *total = C.size_t(memoryLimit()-c.device.InUse()), C.size_t(memoryLimit())
		return success, nil
	}))
}

//export cuMemAlloc_v2
func cuMemAlloc_v2(p *C.ulonglong, n C.size_t) C.int {
	return C.int(with(func(c *context) (int, error) {
		if n == 0 {
			return invalidValue, nil
		}
		if int64(n) > memoryLimit()-c.device.InUse() {
			return outOfMemory, nil
		}
		*p = C.ulonglong(c.device.Alloc(int64(n)))
		return success, nil
	}))
}

//export cuMemFree_v2
func cuMemFree_v2(p C.ulonglong) C.int {
	return C.int(with(func(c *context) (int, error) {
		if err := c.device.Free(uint64(p)); err != nil {
			return invalidValue, err
		}
		return success, nil
	}))
}

//export cuMemcpyHtoD_v2
func cuMemcpyHtoD_v2(dst C.ulonglong, src unsafe.Pointer, n C.size_t) C.int {
	return C.int(with(func(c *context) (int, error) {
		if err := c.device.Write(uint64(dst), unsafe.Slice((*uint32)(src), int(n)/4)); err != nil {
			return invalidValue, err
		}
		return success, nil
	}))
}

//export cuMemcpyDtoH_v2
func cuMemcpyDtoH_v2(dst unsafe.Pointer, src C.ulonglong, n C.size_t) C.int {
	return C.int(with(func(c *context) (int, error) {
		if err := c.device.Read(unsafe.Slice((*uint32)(dst), int(n)/4), uint64(src)); err != nil {
			return invalidValue, err
		}
		return success, nil
	}))
}
