//go:build gpu && fakecuda && linux && amd64 && cgo

package fakecuda

import "C"

import (
	"unsafe"

	"goomtrain/internal/gpu/ptx"
)

//export cuModuleLoadData
func cuModuleLoadData(m *unsafe.Pointer, image *C.char) C.int {
	return C.int(with(func(*context) (int, error) {
		parsed, err := ptx.Parse(C.GoString(image))
		if err != nil {
			return invalidPTX, nil // cuModuleLoadDataEx tells why
		}
		*m = handle(parsed)
		return success, nil
	}))
}

// cuModuleLoadDataEx writes an error to the buffer of the options, CU_JIT_ERROR_LOG_BUFFER and its size.
//
//export cuModuleLoadDataEx
func cuModuleLoadDataEx(m *unsafe.Pointer, image *C.char, n C.uint, options *C.int, values *uintptr) C.int {
	return C.int(with(func(*context) (int, error) {
		parsed, err := ptx.Parse(C.GoString(image))
		if err == nil {
			*m = handle(parsed)
			return success, nil
		}
		var buffer *uintptr
		var size uintptr
		all := unsafe.Slice(values, int(n))
		for i, o := range unsafe.Slice(options, int(n)) {
			switch o {
			case 5:
				buffer = &all[i]
			case 6:
				size = all[i]
			}
		}
		if buffer != nil && size > 0 {
			text := unsafe.Slice(*(**byte)(unsafe.Pointer(buffer)), size)
			text[copy(text[:size-1], err.Error())] = 0
		}
		return invalidPTX, nil
	}))
}

//export cuModuleGetFunction
func cuModuleGetFunction(f *unsafe.Pointer, m unsafe.Pointer, name *C.char) C.int {
	return C.int(with(func(*context) (int, error) {
		module, ok := lookup[*ptx.Module](m)
		if !ok {
			return invalidHandle, nil
		}
		sizes := module.Params(C.GoString(name))
		if sizes == nil {
			return notFound, nil
		}
		*f = handle(function{module, C.GoString(name), sizes})
		return success, nil
	}))
}

// cuLaunchKernel runs the kernel at once, but an error of it shows only at the next call.
//
//export cuLaunchKernel
func cuLaunchKernel(f unsafe.Pointer, gx, gy, gz, bx, by, bz, shared C.uint, stream unsafe.Pointer, params, extra *unsafe.Pointer) C.int {
	return C.int(with(func(c *context) (int, error) {
		fn, ok := lookup[function](f)
		if !ok {
			return invalidHandle, nil
		}
		grid, block := ptx.Dim{X: int(gx), Y: int(gy), Z: int(gz)}, ptx.Dim{X: int(bx), Y: int(by), Z: int(bz)}
		args := make([]uint64, len(fn.sizes))
		for i, p := range unsafe.Slice(params, len(fn.sizes)) {
			if fn.sizes[i] == 8 {
				args[i] = *(*uint64)(p)
			} else {
				args[i] = uint64(*(*uint32)(p))
			}
		}
		if err := c.device.Launch(fn.module, fn.name, grid, block, args...); err != nil {
			c.broken = launchFailed
			return success, err
		}
		return success, nil
	}))
}
