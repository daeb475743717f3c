//go:build gpu && linux && amd64 && cgo

package driver

import (
	"fmt"
	"strings"

	"gorgonia.org/cu"
)

// hints say more of errors that need it.
var hints = map[error]string{
	cu.InvalidContext:       "the device belongs to the goroutine that opened it",
	cu.IllegalAddress:       "a kernel used memory that is not allocated",
	cu.MisalignedAddress:    "a kernel used an address that is not aligned",
	cu.LaunchFailed:         "a kernel failed",
	cu.LaunchOutOfResources: "the kernel needs more registers or shared memory than the GPU has",
	cu.LaunchTimeout:        "a kernel ran too long for a GPU that also has a display",
	cu.EccUncorrectable:     "the GPU's memory has a defect",
	cu.InvalidPtx:           "the PTX is not valid",
	cu.NoBinaryForGpu:       "the PTX is for other GPUs",
	cu.NotFound:             "there is nothing of that name",
}

// describe returns an error of the driver with its name and what is known of it; nil for nil.
func describe(err error) error {
	if err == nil {
		return nil
	}
	if hint := hints[err]; hint != "" {
		return fmt.Errorf("CUDA error %w: %s", err, hint)
	}
	return fmt.Errorf("CUDA error %w", err)
}

// describe adds the last launches to an error: the driver reports what a kernel has done at a later call.
func (d *device) describe(err error) error {
	if err = describe(err); err == nil || d.since == 0 {
		return err
	}
	n := min(d.since, recentKernels)
	names := make([]string, n)
	for i := range names {
		names[i] = d.recent[(d.since-n+i)%recentKernels]
	}
	return fmt.Errorf("%w, after the launch of %s", err, strings.Join(names, ", "))
}
