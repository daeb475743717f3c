package ptx

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// drawnFloats returns the bits of n floats.
func drawnFloats(r *rand.Rand, n int) []uint32 {
	w := make([]uint32, n)
	for i := range w {
		w[i] = math.Float32bits(float32(r.NormFloat64()))
	}
	return w
}

// TestProduct: sums are in the order of k, so a loop in Go has the same bits.
func TestProduct(t *testing.T) {
	k := module(t, "testdata/product.ptx")
	r := rand.New(rand.NewPCG(3, 4))
	for _, s := range [][3]int{{1, 1, 1}, {2, 63, 5}, {33, 32, 17}, {40, 70, 48}} {
		rows, columns, depth := s[0], s[1], s[2]
		a, b := drawnFloats(r, rows*depth), drawnFloats(r, depth*columns)
		m := newMachine(t)
		c := m.Alloc(int64(4 * rows * columns))
		if err := m.Launch(k, "product", Dim{(columns + 31) / 32, (rows + 31) / 32, 1}, line(256), uint64(rows), uint64(columns), uint64(depth), m.up(a), m.up(b), c); err != nil {
			t.Fatal(err)
		}
		for i, got := range m.down(c, rows*columns) {
			var sum float32
			for l := range depth {
				sum = referenceFMA(math.Float32frombits(a[i/columns*depth+l]), math.Float32frombits(b[l*columns+i%columns]), sum)
			}
			if got != math.Float32bits(sum) {
				t.Fatalf("%v: c[%d] = %g, want %g", s, i, math.Float32frombits(got), sum)
			}
		}
	}
}

// TestThreadsAndOrder: results and counts depend neither on the order of the blocks nor on the number of threads.
func TestThreadsAndOrder(t *testing.T) {
	k := module(t, "testdata/product.ptx")
	r := rand.New(rand.NewPCG(5, 6))
	a, b := drawnFloats(r, 100*40), drawnFloats(r, 40*100)
	run := func(threads int, order func(int) []int) ([]uint32, Stats) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		m := newMachine(t)
		m.Order = order
		c := m.Alloc(4 * 100 * 100)
		if err := m.Launch(k, "product", Dim{4, 4, 1}, line(256), 100, 100, 40, m.up(a), m.up(b), c); err != nil {
			t.Fatal(err)
		}
		return m.down(c, 100*100), m.Stats
	}
	want, stats := run(1, nil)
	if stats.Blocks != 16 || stats.Warps != 128 || stats.LoadedGlobal != 4*4*(100*40)*2 || stats.StoredGlobal != 4*100*100 {
		t.Errorf("%+v", stats)
	}
	for _, threads := range []int{1, 2, 5} {
		for _, order := range []func(int) []int{nil, backwards, func(n int) []int { return rand.New(rand.NewPCG(7, 8)).Perm(n) }} {
			got, s := run(threads, order)
			if !slices.Equal(got, want) {
				t.Errorf("%d threads: other bits", threads)
			}
			if s != stats {
				t.Errorf("%d threads: %+v, want %+v", threads, s, stats)
			}
		}
	}
}

// TestFirstError: of several blocks with errors, the one that is first in the order is named, whatever the threads.
func TestFirstError(t *testing.T) {
	k := program(t, "setp.gt.s32 %p1, %r2, 2; @%p1 ld.global.u32 %r3, [%rd2];")
	for _, threads := range []int{1, 2, 8} {
		for range 20 {
			old := runtime.GOMAXPROCS(threads)
			m := newMachine(t)
			err := m.Launch(k, "k", Dim{4, 2, 2}, line(32), m.up(make([]uint32, 8)), m.Alloc(8))
			runtime.GOMAXPROCS(old)
			const want = "ptx: k: block {3 0 0}: warp 0, threads 0xffffffff, line 20, ld.global.u32: thread 0: read of word 0 of an allocation, which nobody has written"
			if err == nil || err.Error() != want {
				t.Fatalf("%v, want %s", err, want)
			}
		}
	}
}

// TestConflictsAreFound in whatever order blocks run on several threads.
func TestConflictsAreFound(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, body := range []string{
		"setp.eq.s32 %p1, %r2, 7; @%p1 st.global.u32 [%rd3], 1; ld.global.u32 %r3, [%rd3];", // one writes what all read
		"setp.lt.s32 %p1, %r2, 2; @%p1 st.global.u32 [%rd3], 1;",                            // two write
	} {
		k := program(t, body)
		for range 100 {
			m := newMachine(t)
			if err := m.Launch(k, "k", line(8), line(128), m.up(make([]uint32, 128)), 0); err == nil {
				t.Fatalf("no error of %s", body)
			}
		}
	}
}

// TestTensorProducts: of small integers, whose products and sums are exact.
func TestTensorProducts(t *testing.T) {
	k := module(t, "testdata/product.ptx")
	r := rand.New(rand.NewPCG(9, 10))
	m := newMachine(t)
	integers := func(n int) []float32 {
		w := make([]float32, n)
		for i := range w {
			w[i] = float32(r.IntN(33) - 16)
		}
		return w
	}
	words := func(f []float32) (w []uint32) {
		for _, v := range f {
			w = append(w, math.Float32bits(v))
		}
		return w
	}
	halves := func(f []float32) []uint32 { // of bfloat16
		w := make([]uint32, len(f)/2)
		for i, v := range f {
			w[i/2] |= math.Float32bits(v) >> 16 << (16 * (i % 2))
		}
		return w
	}
	check := func(name string, a, b, c []float32, d uint64, depth int) {
		t.Helper()
		for i, got := range m.down(d, 16*8) {
			want := c[i]
			for l := range depth {
				want += a[i/8*depth+l] * b[l*8+i%8]
			}
			if got != math.Float32bits(want) {
				t.Errorf("%s: d[%d][%d] = %g, want %g", name, i/8, i%8, math.Float32frombits(got), want)
			}
		}
	}
	a, b, c := integers(16*8), integers(8*8), integers(16*8)
	d := m.up(words(c))
	rough := words(a)
	for i := range rough {
		rough[i] |= 1<<13 - 1 // low bits, which the unit does not read
	}
	if err := m.Launch(k, "tensor", line(1), line(32), m.up(rough), m.up(words(b)), d); err != nil {
		t.Fatal(err)
	}
	check("tensor", a, b, c, d, 8)
	a, b, c = integers(16*16), integers(16*8), make([]float32, 16*8)
	if err := m.Launch(k, "matrices", line(1), line(32), m.up(halves(a)), m.up(halves(b)), d); err != nil {
		t.Fatal(err)
	}
	check("matrices", a, b, c, d, 16)
}

// TestAsyncGroups: a copy is made when its group is waited for, and of the last groups only then.
func TestAsyncGroups(t *testing.T) {
	m := newMachine(t)
	k := program(t, `
	st.shared.u32 [s], 10; st.shared.u32 [s+4], 11; st.shared.v2.u32 [s+8], {%r1, %r1}; mov.u32 %r9, 6;
	cp.async.ca.shared.global [s], [%rd1], 4;
	cp.async.commit_group;
	cp.async.ca.shared.global [s+4], [%rd1+4], 4;
	cp.async.commit_group;
	cp.async.wait_group 1;
	ld.shared.u32 %r3, [s]; ld.shared.u32 %r4, [s+4];
	cp.async.ca.shared.global [s+8], [%rd1+8], 8, %r9;
	cp.async.wait_all;
	ld.shared.u32 %r5, [s+4]; ld.shared.u32 %r6, [s+8]; ld.shared.u32 %r7, [s+12];
	st.global.u32 [%rd2], %r3; st.global.u32 [%rd2+4], %r4; st.global.u32 [%rd2+8], %r5; st.global.u32 [%rd2+12], %r6; st.global.u32 [%rd2+16], %r7;`)
	out := m.Alloc(20)
	if err := m.Launch(k, "k", line(1), line(1), m.up([]uint32{1, 2, 3, 0x10004}), out); err != nil {
		t.Fatal(err)
	}
	if got := m.down(out, 5); !slices.Equal(got, []uint32{1, 11, 2, 3, 4}) { // of the last, 6 bytes and zeros
		t.Errorf("%v", got)
	}
}

// TestShuffleTellsWhatIsInside: the second result says whether the other thread is inside the segment.
func TestShuffleTellsWhatIsInside(t *testing.T) {
	m := newMachine(t)
	k := program(t, "shfl.sync.down.b32 %r3|%p1, %r1, 3, 31, -1; selp.b32 %r3, %r3, 99, %p1; st.global.u32 [%rd4], %r3;")
	out := m.Alloc(128)
	if err := m.Launch(k, "k", line(1), line(32), 0, out); err != nil {
		t.Fatal(err)
	}
	for i, got := range m.down(out, 32) {
		want := uint32(i + 3)
		if i > 28 {
			want = 99
		}
		if got != want {
			t.Errorf("thread %d: %d, want %d", i, got, want)
		}
	}
}
