//go:build gpu && linux && amd64 && cgo

package driver

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
)

// text has two kernels: axpy is y = a*x + y, wild writes to an address.
const text = `.version 7.0
.target sm_80
.address_size 64
.visible .entry axpy(.param .u32 n, .param .f32 a, .param .u64 x, .param .u64 y)
{
	.reg .pred %p<2>;
	.reg .b32 %r<6>;
	.reg .f32 %f<5>;
	.reg .b64 %rd<6>;
	ld.param.u32 %r1, [n];
	ld.param.f32 %f1, [a];
	ld.param.u64 %rd1, [x];
	ld.param.u64 %rd2, [y];
	mov.u32 %r2, %tid.x;
	mov.u32 %r3, %ctaid.x;
	mad.lo.s32 %r4, %r3, 128, %r2;
	setp.ge.s32 %p1, %r4, %r1;
	@%p1 bra $end;
	mad.wide.s32 %rd3, %r4, 4, %rd1;
	mad.wide.s32 %rd4, %r4, 4, %rd2;
	ld.global.f32 %f2, [%rd3];
	ld.global.f32 %f3, [%rd4];
	fma.rn.f32 %f4, %f1, %f2, %f3;
	st.global.f32 [%rd4], %f4;
$end:
	ret;
}
.visible .entry wild(.param .u64 p)
{
	.reg .b64 %rd<2>;
	ld.param.u64 %rd1, [p];
	st.global.u64 [%rd1], %rd1;
	ret;
}
`

// open returns a device. Where there is no GPU the test is skipped, or fails if GPU_REQUIRED is set.
func open(t testing.TB) gpu.Device {
	t.Helper()
	d, err := Open(0)
	if err != nil {
		if os.Getenv("GPU_REQUIRED") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestDevice(t *testing.T) {
	d := open(t)
	t.Log(d.Name())
	if name := d.Name(); !strings.Contains(name, ", compute capability ") || !strings.Contains(name, " GB, driver for CUDA 1") || strings.Contains(name, "\n") {
		t.Errorf("name %q", name)
	}
	const n = 1000
	x, y, got := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], y[i] = float32(math.Sin(float64(i))), float32(math.Cos(float64(i)))
	}
	q := gpu.NewQueue(d)
	s := q.NewScope()
	before, total, err := d.Memory()
	if err != nil || before < 1 || before > total {
		t.Errorf("%d of %d bytes free, %v", before, total, err)
	}
	px, py, big := s.Alloc(n), s.Alloc(n), s.Alloc(1<<24)
	if px%256 != 0 || py%256 != 0 || big%256 != 0 {
		t.Errorf("addresses %#x, %#x, %#x", px, py, big)
	}
	if after, _, err := d.Memory(); err != nil || before-after < 1<<26 {
		t.Errorf("%d bytes less are free after an allocation of %d, %v", before-after, 1<<26, err)
	}
	q.Write(px, gpu.Words(x))
	q.Write(py, gpu.Words(y))
	axpy := q.Function(&gpu.Module{Name: "test", Text: text}, "axpy")
	q.Launch(axpy, gpu.Line((n+127)/128), gpu.Line(128), gpu.Int(n), gpu.Float(0.3), uint64(px), uint64(py))
	if err := q.Read(gpu.Words(got), py); err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		// the product of two float32 is exact in float64
		if want := float32(float64(float32(0.3))*float64(x[i]) + float64(y[i])); v != want {
			t.Fatalf("y[%d] = %g, want %g", i, v, want)
		}
	}
	if err := q.Sync(); err != nil {
		t.Error(err)
	}
	if s.Close(); q.Err() != nil || q.Used() != 0 {
		t.Errorf("%v, %d bytes in use", q.Err(), q.Used())
	}
}

// TestCopies: of words that are part of a value with pointers, and of more than the buffer holds.
func TestCopies(t *testing.T) {
	d := open(t)
	p, err := d.Alloc(4 * (2*bufferWords + 5))
	if err != nil {
		t.Fatal(err)
	}
	type value struct {
		pointer *int
		words   [3]uint32
	}
	in, out := &value{new(int), [3]uint32{1, 2, 3}}, &value{pointer: new(int)}
	if err := d.Write(p.Add(1), in.words[:]); err != nil {
		t.Fatal(err)
	}
	if err := d.Read(out.words[:], p.Add(1)); err != nil || out.words != in.words {
		t.Errorf("%v, %v", out.words, err)
	}
	large := make([]uint32, 2*bufferWords+5)
	for i := range large {
		large[i] = uint32(i) * 2654435761
	}
	got := make([]uint32, len(large))
	if err := d.Write(p, large); err != nil {
		t.Fatal(err)
	}
	if err := d.Read(got, p); err != nil || !slices.Equal(got, large) {
		t.Errorf("other words after a copy of %d, %v", len(large), err)
	}
	if err := d.Write(p, nil); err != nil {
		t.Error(err)
	}
	if err := d.Read(nil, 0); err != nil {
		t.Error(err)
	}
}

// TestLaunchAllocatesNothing: in the steady state, what the emulator allocates aside.
func TestLaunchAllocatesNothing(t *testing.T) {
	count := func(d gpu.Device) float64 {
		find, err := d.Load(text)
		if err != nil {
			t.Fatal(err)
		}
		k, err := find("axpy")
		if err != nil {
			t.Fatal(err)
		}
		args := []uint64{0, 0, 0, 0}
		return testing.AllocsPerRun(100, func() {
			if err := d.Launch(k, gpu.Line(1), gpu.Line(32), args); err != nil {
				t.Fatal(err)
			}
		})
	}
	d, most := open(t), 0.0
	if strings.HasPrefix(d.Name(), "PTX emulator") {
		most = count(emulated.New()) + 1 // package fakecuda collects the arguments
	}
	if n := count(d); n > most {
		t.Errorf("%g allocations, want at most %g", n, most)
	}
}

func BenchmarkLaunch(b *testing.B) {
	d := open(b)
	find, err := d.Load(text)
	if err != nil {
		b.Fatal(err)
	}
	k, err := find("axpy")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	args := []uint64{0, 0, 0, 0}
	for b.Loop() {
		if err := d.Launch(k, gpu.Line(1), gpu.Line(1), args); err != nil {
			b.Fatal(err)
		}
	}
}
