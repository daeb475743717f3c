//go:build !gpu || !linux || !amd64 || !cgo

package driver

import (
	"errors"

	"goomtrain/internal/gpu"
)

// Built reports whether the program is built with GPU support.
const Built = false

var errBuild = errors.New("this program is built without GPU support: build it on linux/amd64, with gcc, by go build -tags gpu")

// Open returns an error: this program is built without GPU support.
func Open(number int) (gpu.Device, error) { return nil, errBuild }

// Count returns an error: this program is built without GPU support.
func Count() (int, error) { return 0, errBuild }
