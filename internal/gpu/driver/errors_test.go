//go:build gpu && fakecuda && linux && amd64 && cgo

package driver

import (
	"errors"
	"math"
	"strings"
	"testing"

	"goomtrain/internal/gpu"
)

// TestOpenRefuses: what is missing is said in one line.
func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		env    map[string]string
		number int
		want   string
	}{
		{"no driver", map[string]string{"FAKECUDA_INIT": "none"}, 0,
			"gpu: no NVIDIA driver on this machine: libcuda.so.1: cannot open shared object file: No such file or directory"},
		{"no GPU", map[string]string{"FAKECUDA_INIT": "100"}, 0, "gpu: the NVIDIA driver finds no GPU: see what nvidia-smi lists, and CUDA_VISIBLE_DEVICES"},
		{"no GPU counted", map[string]string{"FAKECUDA_DEVICES": "0"}, 0, "gpu: the NVIDIA driver finds no GPU: see what nvidia-smi lists, and CUDA_VISIBLE_DEVICES"},
		{"driver half updated", map[string]string{"FAKECUDA_INIT": "803"}, 0,
			"gpu: the NVIDIA driver's library and its kernel module have different versions: restart the machine (CUDA error 803)"},
		{"driver broken", map[string]string{"FAKECUDA_INIT": "999"}, 0, "gpu: the NVIDIA driver does not start: CUDA error 999"},
		{"driver too old", map[string]string{"FAKECUDA_VERSION": "10020"}, 0, "gpu: the NVIDIA driver supports CUDA 10.2, but the kernels need 11.0: update the driver"},
		{"GPU too old", map[string]string{"FAKECUDA_CAPABILITY": "7.5"}, 0,
			"gpu 0: PTX emulator has compute capability 7.5, but the kernels need 8.0 (Ampere, such as A100 or RTX 30) or later"},
		{"number", map[string]string{"FAKECUDA_DEVICES": "2"}, 2, "gpu: there is no GPU 2: the driver offers 2, numbered from 0"},
		{"negative number", nil, -1, "gpu: there is no GPU -1: the driver offers 1, numbered from 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			if d, err := Open(c.number); d != nil || err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	t.Setenv("FAKECUDA_DEVICES", "3")
	t.Setenv("FAKECUDA_VERSION", "11000")
	if n, err := Count(); n != 3 || err != nil {
		t.Errorf("%d GPUs, %v", n, err)
	}
	d, err := Open(2)
	if err != nil {
		t.Fatal(err)
	}
	if name := d.Name(); !strings.HasSuffix(name, "driver for CUDA 11.0") {
		t.Errorf("%q", name)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestOutOfMemory(t *testing.T) {
	t.Setenv("FAKECUDA_MEMORY", "5000000")
	d := open(t)
	p, err := d.Alloc(3_000_000)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Alloc(3_000_000)
	if !errors.Is(err, gpu.ErrMemory) || err.Error() != "allocate 3000000 bytes, of 2 MB free of 5 MB on the GPU: out of memory" {
		t.Errorf("%v", err)
	}
	if err := d.Free(p); err != nil {
		t.Error(err)
	}
	if _, err := d.Alloc(3_000_000); err != nil {
		t.Errorf("after memory was freed: %v", err)
	}
	if _, err := d.Alloc(0); err != nil {
		t.Errorf("an allocation of nothing: %v", err)
	}
	q := gpu.NewQueue(d)
	if s := q.NewScope(); s.Alloc(1e6) != 0 || !errors.Is(q.Err(), gpu.ErrMemory) {
		t.Errorf("through a scope: %v", q.Err())
	}
}

func TestLoadRefuses(t *testing.T) {
	d := open(t)
	_, err := d.Load(strings.Replace(text, "fma.rn.f32", "fma.xx.f32", 1))
	const want = "the driver cannot compile the kernels: CUDA error InvalidPtx: the PTX is not valid: ptx: line 23: fma.xx.f32: instruction is not known to the emulator"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	find, err := d.Load(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := find("axpby"); err == nil || err.Error() != "CUDA error NotFound: there is nothing of that name" {
		t.Errorf("%v", err)
	}
	if err := d.Launch("axpy", gpu.Line(1), gpu.Line(1), nil); err == nil || err.Error() != "the kernel was loaded by another device" {
		t.Errorf("%v", err)
	}
}

// TestErrorsOfKernels: an error shows at a later call, which names the last launches.
func TestErrorsOfKernels(t *testing.T) {
	for name, call := range map[string]func(gpu.Device, gpu.Ptr) error{
		"Sync":   func(d gpu.Device, _ gpu.Ptr) error { return d.Sync() },
		"Read":   func(d gpu.Device, p gpu.Ptr) error { return d.Read(make([]uint32, 1), p) },
		"Write":  func(d gpu.Device, p gpu.Ptr) error { return d.Write(p, make([]uint32, 1)) },
		"Free":   func(d gpu.Device, p gpu.Ptr) error { return d.Free(p) },
		"Alloc":  func(d gpu.Device, _ gpu.Ptr) error { _, err := d.Alloc(1); return err },
		"Memory": func(d gpu.Device, _ gpu.Ptr) error { _, _, err := d.Memory(); return err },
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			find, err := d.Load(text)
			if err != nil {
				t.Fatal(err)
			}
			kernel := func(name string) gpu.Kernel {
				k, err := find(name)
				if err != nil {
					t.Fatal(err)
				}
				return k
			}
			axpy, wild := kernel("axpy"), kernel("wild")
			p, err := d.Alloc(8)
			if err != nil {
				t.Fatal(err)
			}
			launch := func(k gpu.Kernel, args ...uint64) {
				t.Helper()
				if err := d.Launch(k, gpu.Line(1), gpu.Line(1), args); err != nil {
					t.Fatal(err)
				}
			}
			for range 5 {
				launch(axpy, 0, 0, 0, 0)
			}
			if err := d.Sync(); err != nil {
				t.Fatal(err)
			}
			launch(axpy, 0, 0, 0, 0)
			launch(wild, uint64(p))
			launch(wild, 12345)
			err = call(d, p)
			const want = "CUDA error LaunchFailed: a kernel failed, after the launch of axpy, wild, wild"
			if err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
			if err := d.Launch(axpy, gpu.Line(1), gpu.Line(1), make([]uint64, 4)); err == nil || !strings.HasSuffix(err.Error(), "axpy, wild, wild, axpy") {
				t.Errorf("a launch after the error: %v", err)
			}
			for range 9 {
				d.Launch(axpy, gpu.Line(1), gpu.Line(1), make([]uint64, 4))
			}
			if err := d.Sync(); err == nil || strings.Count(err.Error(), "axpy") != recentKernels {
				t.Errorf("%v, want the last %d launches", err, recentKernels)
			}
		})
	}
}

// TestThread: a context belongs to the goroutine that opened the device, and is given back by Close.
func TestThread(t *testing.T) {
	d := open(t)
	other := make(chan error)
	go func() { other <- d.Sync() }()
	if err := <-other; err == nil || err.Error() != "CUDA error InvalidContext: the device belongs to the goroutine that opened it" {
		t.Errorf("another goroutine: %v", err)
	}
	for range 50 { // the goroutine keeps its thread
		done := make(chan bool)
		go func() { close(done) }()
		<-done
		if err := d.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Sync(); err == nil {
		t.Error("no error after Close")
	}
}

// TestLimits: those of an A100, whose clocks package fakecuda has: 19.5 TFLOP/s and 1,555 GB/s.
func TestLimits(t *testing.T) {
	flops, bytes := open(t).(gpu.Limited).Limits()
	if math.Abs(flops-19.49e12) > 0.01e12 || math.Abs(bytes-1555e9) > 1e9 {
		t.Errorf("%g operations, %g bytes", flops, bytes)
	}
}
