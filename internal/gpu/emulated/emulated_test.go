package emulated

import (
	"errors"
	"strings"
	"testing"

	"goomtrain/internal/gpu"
)

const text = `.version 7.0
.target sm_80
.address_size 64
.visible .entry double(.param .u64 p)
{
	.reg .b32 %r<4>;
	.reg .b64 %rd<4>;
	ld.param.u64 %rd1, [p];
	mov.u32 %r1, %tid.x;
	mad.wide.u32 %rd2, %r1, 4, %rd1;
	ld.global.u32 %r2, [%rd2];
	add.u32 %r3, %r2, %r2;
	st.global.u32 [%rd2], %r3;
	ret;
}
`

func TestDevice(t *testing.T) {
	d := New()
	q := gpu.NewQueue(d)
	s := q.NewScope()
	p := s.Alloc(5)
	q.Write(p, []uint32{1, 2, 3, 4, 5})
	m := &gpu.Module{Name: "test", Text: text}
	q.Launch(q.Function(m, "double"), gpu.Line(1), gpu.Line(5), uint64(p))
	got := make([]uint32, 5)
	if err := q.Read(got, p); err != nil || got[0] != 2 || got[4] != 10 {
		t.Errorf("%v, %v", got, err)
	}
	if free, total, err := d.Memory(); err != nil || total-free != 20 {
		t.Errorf("%d of %d bytes free, %v", free, total, err)
	}
	q.Launch(q.Function(m, "double"), gpu.Line(1), gpu.Line(6), uint64(p))
	if err := q.Sync(); err == nil || !strings.Contains(err.Error(), "ptx: double: block {0 0 0}: ") || !strings.Contains(err.Error(), "line 11, ld.global.u32: thread 5: ") {
		t.Errorf("%v", err)
	}
	if s.Close(); d.InUse() != 0 {
		t.Errorf("%d bytes in use", d.InUse())
	}
}

func TestLimit(t *testing.T) {
	d := &Device{Limit: 1000}
	p, err := d.Alloc(600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Alloc(401); !errors.Is(err, gpu.ErrMemory) || err.Error() != "allocate 401 bytes: out of memory" {
		t.Errorf("%v", err)
	}
	if err := d.Free(p); err != nil {
		t.Error(err)
	}
	if _, err := d.Alloc(1000); err != nil {
		t.Error(err)
	}
	if free, total, err := d.Memory(); free != 0 || total != 1000 || err != nil {
		t.Errorf("%d of %d bytes free, %v", free, total, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	d := New()
	if _, err := d.Load("add;"); err == nil || err.Error() != `ptx: line 1: "add" outside a kernel` {
		t.Errorf("%v", err)
	}
	find, err := d.Load(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := find("triple"); err == nil || err.Error() != "the module has no such kernel" {
		t.Errorf("%v", err)
	}
}
