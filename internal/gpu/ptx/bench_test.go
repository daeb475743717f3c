package ptx

import (
	"math"
	"testing"
)

// benchmark measures the instructions of threads that a kernel runs in a second.
func benchmark(b *testing.B, m *machine, k *Module, name string, grid, block Dim, args ...uint64) {
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Launch(k, name, grid, block, args...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(m.Stats.Operations)/b.Elapsed().Seconds()/1e6, "Minstructions/s")
}

// waves returns the address of n floats.
func (m *machine) waves(n int) uint64 {
	w := make([]uint32, n)
	for i := range w {
		w[i] = math.Float32bits(float32(math.Sin(float64(i))))
	}
	return m.up(w)
}

func BenchmarkProduct(b *testing.B) {
	m := newMachine(b)
	benchmark(b, m, module(b, "testdata/product.ptx"), "product", Dim{4, 4, 1}, line(256), 128, 128, 64, m.waves(128*64), m.waves(64*128), m.waves(128*128))
}

func BenchmarkTensor(b *testing.B) {
	m := newMachine(b)
	k := program(b, `
	mov.u32 %r3, 0;
	mov.f32 %f1, 0f00000000;
$L:	mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1, %f2, %f3, %f4}, {%r3, %r3, %r3, %r3}, {%r3, %r3}, {%f1, %f1, %f1, %f1};
	add.s32 %r3, %r3, 1;
	setp.lt.s32 %p1, %r3, 100;
	@%p1 bra $L;`)
	benchmark(b, m, k, "k", line(4), line(256), 0, 0)
}

// BenchmarkCopy is bound by loads and stores of global memory that each word meets once.
func BenchmarkCopy(b *testing.B) {
	m := newMachine(b)
	k := program(b, "mad.lo.s32 %r3, %r2, 256, %r1; mad.wide.u32 %rd3, %r3, 4, %rd1; mad.wide.u32 %rd4, %r3, 4, %rd2; ld.global.f32 %f1, [%rd3]; st.global.f32 [%rd4], %f1;")
	benchmark(b, m, k, "k", line(64), line(256), m.waves(64*256), m.waves(64*256))
}
