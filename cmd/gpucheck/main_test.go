package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/check"
	"goomtrain/internal/gpu/emulated"
)

func call(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// TestUsage: help, wrong flags, and a machine without a GPU.
func TestUsage(t *testing.T) {
	if code, out, _ := call("-help"); code != 0 || !strings.Contains(out, "-quick") {
		t.Errorf("-help: exit code %d\n%s", code, out)
	}
	for _, args := range [][]string{{"-gpu", "-1"}, {"-what"}, {"file"}} {
		if code, _, errs := call(args...); code != 2 || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d\n%s", args, code, errs)
		}
	}
	defer func(before func(int) (gpu.Device, error)) { open = before }(open)
	open = func(int) (gpu.Device, error) { return nil, errors.New("no GPU") }
	if code, _, errs := call(); code != 1 || errs != "gpucheck: no GPU\n" {
		t.Errorf("without a GPU: exit code %d\n%s", code, errs)
	}
}

// wrong is a device whose reads change the last bit of the first number.
type wrong struct{ *emulated.Device }

func (d wrong) Read(words []uint32, from gpu.Ptr) error {
	err := d.Device.Read(words, from)
	words[0] ^= 1
	return err
}

// TestKernels: kernels that give the bits of the emulator pass, and a wrong bit fails.
func TestKernels(t *testing.T) {
	defer func(before func(int) (gpu.Device, error)) { open, cases = before, check.Cases }(open)
	open = func(int) (gpu.Device, error) { return emulated.New(), nil }
	cases = func() (few []check.Case) {
		for _, c := range check.Cases() {
			if c.Slow || c.Name == "sums" || c.Name == "GLU" || c.Name == "head in BF16" {
				few = append(few, c)
			}
		}
		return few
	}
	code, out, errs := call("-quick", "-kernels")
	if code != 0 || strings.Contains(out, "FAILED") || strings.Count(out, "the same bits") != 2 || strings.Count(out, "within 1e-") != 1 {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	open = func(int) (gpu.Device, error) { return wrong{emulated.New()}, nil }
	code, out, errs = call("-quick", "-kernels")
	if code != 1 || !strings.Contains(errs, "comparisons with the emulator failed: do not train on this GPU") || !strings.Contains(out, "FAILED: result 0: number 0 of ") {
		t.Errorf("a wrong bit: exit code %d, %s\n%s", code, errs, out)
	}
}
