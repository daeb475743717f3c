//go:build gpu && fakecuda && linux && amd64 && cgo

package driver

import _ "goomtrain/internal/gpu/fakecuda" // in place of libcuda.so.1
