package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/check"
	"goomtrain/internal/gpu/driver"
	"goomtrain/internal/gpu/emulated"
	"goomtrain/internal/printable"
	"goomtrain/settings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the command's flags.
type options struct {
	number            int
	quick, noTraining bool
}

func (o *options) table() settings.Table {
	const group = "Flags"
	return settings.Table{
		{Name: "gpu", Group: group, Help: "number of the GPU", Value: &o.number, Rule: settings.AtLeast(0)},
		{Name: "quick", Group: group, Help: "compare only, and leave out what takes the emulator more than a few seconds", Value: &o.quick},
		{Name: "kernels", Group: group, Help: "kernels only, without training", Value: &o.noTraining},
	}
}

// open opens the GPU, and cases are what is compared. Tests put the emulator in the place of the GPU, and compare less.
var (
	open  = driver.Open
	cases = check.Cases
)

// run runs the command and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	var o options
	_, rest, err := o.table().ParseFlags(args)
	if err == nil {
		err = o.table().Validate()
	}
	switch {
	case errors.Is(err, settings.ErrHelp):
		fmt.Fprintf(stdout, "Usage: go run -tags gpu ./cmd/gpucheck [flags]\n\nIt compares training on a GPU with the CPU, and measures it.\n")
		o.table().Help(stdout)
		return 0
	case err == nil && len(rest) > 0:
		err = fmt.Errorf("unexpected argument %q", rest[0])
	}
	if err != nil {
		fmt.Fprintln(stderr, "gpucheck:", printable.Line(err.Error()))
		return 2
	}
	if err := o.check(stdout); err != nil {
		fmt.Fprintln(stderr, "gpucheck:", printable.Line(err.Error()))
		return 1
	}
	return 0
}

// check makes all comparisons and measurements. It returns an error if one fails, after the others.
func (o options) check(out io.Writer) error {
	device, err := open(o.number)
	if err != nil {
		return err
	}
	defer func() {
		if device != nil {
			device.Close()
		}
	}()
	free, total, err := device.Memory()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, %.1f of %.1f GB free\n", device.Name(), float64(free)/1e9, float64(total)/1e9)
	failed := o.compare(out, device)
	if failed > 0 {
		return fmt.Errorf("%d comparisons with the emulator failed: do not train on this GPU, and report the lines above", failed)
	}
	if !o.quick {
		if err := measure(out, device); err != nil {
			return err
		}
	}
	err = device.Close()
	if device = nil; err != nil || o.noTraining {
		return err
	}
	dir, err := os.MkdirTemp("", "gpucheck")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := o.compareTraining(out, dir); err != nil || o.quick {
		return err
	}
	return o.measureTraining(out, dir)
}

// compare compares every kernel with the emulator and returns how many differ.
func (o options) compare(out io.Writer, device gpu.Device) (failed int) {
	fmt.Fprintln(out, "\nkernels against the emulator")
	for _, c := range cases() {
		if c.Slow && o.quick {
			continue
		}
		result := "the same bits"
		if c.Tolerance > 0 {
			result = fmt.Sprintf("within %.0e", c.Tolerance)
		}
		if err := c.Compare(device, emulated.New()); err != nil {
			failed++
			result = "FAILED: " + printable.Line(err.Error())
		}
		fmt.Fprintf(out, "%-32s %s\n", c.Name, result)
	}
	return failed
}

// measure prints the speed of kernels.
func measure(out io.Writer, device gpu.Device) error {
	var flops, bytes float64
	if d, ok := device.(gpu.Limited); ok {
		flops, bytes = d.Limits()
		fmt.Fprintf(out, "\nlimits: %.1f TFLOP/s of float32 without tensor cores, %.0f GB/s\n", flops/1e12, bytes/1e9)
	}
	fmt.Fprintf(out, "\n%-44s %10s %9s %8s %s\n", "kernel", "ms", "TFLOP/s", "GB/s", "share of the limit")
	for _, s := range check.Speeds() {
		took, err := s.Measure(device)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		t := took.Seconds()
		share := ""
		if flops > 0 {
			share = fmt.Sprintf("%.2f", max(s.FLOPs/flops, s.Bytes/bytes)/t)
		}
		fmt.Fprintf(out, "%-44s %10.3f %9.2f %8.0f %s\n", s.Name, 1e3*t, s.FLOPs/t/1e12, s.Bytes/t/1e9, share)
	}
	return nil
}
