package workspace

import (
	"math"
	"sync/atomic"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestPool: no two workers hold the same piece, there is at most one for each worker, and nothing is
// allocated after the first loop.
func TestPool(t *testing.T) {
	kerneltest.OnThreads(t, func(t *testing.T) {
		const tasks = 100
		type piece struct{ users atomic.Int64 }
		var made atomic.Int64
		p := Pool[piece]{Create: func() *piece { made.Add(1); return new(piece) }}
		var done [tasks]atomic.Int64
		body := func(i int) {
			s := p.Take()
			if s.users.Add(1) != 1 {
				t.Error("a piece is in use twice")
			}
			done[i].Add(1)
			s.users.Add(-1)
			p.Give(s)
		}
		kerneltest.AllocatesNothing(t, "For", func() { p.For(tasks, body) })
		before := done[0].Load()
		p.For(tasks, body)
		for i := range done {
			if n := done[i].Load(); n != before+1 {
				t.Errorf("task %d ran %d times, want %d", i, n, before+1)
			}
		}
		if n, most := made.Load(), int64(simd.Threads()); n < 1 || n > most {
			t.Errorf("%d pieces for %d workers", n, most)
		}
	})
}

// TestPoolTake: a piece is made when none is free, and counts for the loops that follow.
func TestPoolTake(t *testing.T) {
	defer simd.SetThreads(0)
	simd.SetThreads(2)
	made := 0
	p := Pool[int]{Create: func() *int { made++; return new(int) }}
	first, second := p.Take(), p.Take()
	if first == second || made != 2 {
		t.Errorf("%d pieces made for two takers", made)
	}
	p.Give(first)
	p.Give(second)
	p.For(2, func(int) { p.Give(p.Take()) })
	if made != 2 {
		t.Errorf("%d pieces made for two workers", made)
	}
}

func TestGrow(t *testing.T) {
	x := make([]float32, 2, 4)
	if got := Grow(x, 4); len(got) != 4 || &got[0] != &x[0] {
		t.Errorf("%d numbers of other memory", len(got))
	}
	if got := Grow(x, 5); len(got) != 5 {
		t.Errorf("%d numbers, want 5", len(got))
	}
}

func TestSum(t *testing.T) {
	got := kerneltest.Poisoned[float32](3)
	Sum(got, []float32{1, 2, 3, 10, 20, 30, 100, 200, 300})
	kerneltest.Identical(t, "three blocks", got, []float32{111, 222, 333})
	Sum(got[:1], []float32{1, 2, 3})
	kerneltest.Identical(t, "blocks of one", got[:1], []float32{6})
	Sum(got, nil)
	kerneltest.Identical(t, "no block", got, []float32{0, 0, 0})
}

func TestPoison(t *testing.T) {
	defer func() { poison = false }()
	Poison()
	for i, x := range Make[float32](5) {
		if !math.IsNaN(float64(x)) {
			t.Errorf("number %d of poisoned memory is %v", i, x)
		}
	}
}
