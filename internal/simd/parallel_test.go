package simd

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// withThreads runs f under several limits, more than the machine's cores among them.
func withThreads(t *testing.T, f func(t *testing.T)) {
	defer SetThreads(0)
	for _, n := range []int{1, 2, 3, 7} {
		SetThreads(n)
		f(t)
	}
}

func TestForRunsEachIndexOnce(t *testing.T) {
	withThreads(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 3, 7, 64, 1000} {
			for range 50 {
				seen := make([]atomic.Int32, n)
				For(n, func(i int) { seen[i].Add(1) })
				for i := range seen {
					if got := seen[i].Load(); got != 1 {
						t.Fatalf("%d threads, n=%d: index %d ran %d times", Threads(), n, i, got)
					}
				}
			}
		}
	})
}

func TestForRangeCutsByGrainAlone(t *testing.T) {
	cases := []struct{ n, grain, pieces int }{{0, 4, 0}, {1, 4, 1}, {4, 4, 1}, {5, 4, 2}, {1000, 7, 143}, {10, 0, 10}, {3, -1, 3}}
	withThreads(t, func(t *testing.T) {
		for _, c := range cases {
			var mu sync.Mutex
			seen, pieces := make([]int, c.n), 0
			ForRange(c.n, c.grain, func(lo, hi int) {
				mu.Lock()
				defer mu.Unlock()
				pieces++
				grain := max(1, c.grain)
				if lo%grain != 0 || hi != min(c.n, lo+grain) {
					t.Errorf("n=%d grain=%d: piece [%d,%d)", c.n, c.grain, lo, hi)
				}
				for i := lo; i < hi; i++ {
					seen[i]++
				}
			})
			if pieces != c.pieces {
				t.Errorf("n=%d grain=%d: %d pieces, want %d", c.n, c.grain, pieces, c.pieces)
			}
			for i, k := range seen {
				if k != 1 {
					t.Errorf("n=%d grain=%d: index %d ran %d times", c.n, c.grain, i, k)
				}
			}
		}
	})
}

func TestForSpansCoversOnce(t *testing.T) {
	withThreads(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 3, 7, 64, 1000} {
			for range 50 {
				seen := make([]atomic.Int32, n)
				ForSpans(n, func(lo, hi int) {
					for i := lo; i < hi; i++ {
						seen[i].Add(1)
					}
				})
				for i := range seen {
					if got := seen[i].Load(); got != 1 {
						t.Fatalf("%d threads, n=%d: index %d ran %d times", Threads(), n, i, got)
					}
				}
			}
		}
	})
}

func TestForNestsAndRunsConcurrently(t *testing.T) {
	withThreads(t, func(t *testing.T) {
		var total atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for range 20 {
					For(5, func(int) {
						For(3, func(int) { ForRange(10, 3, func(lo, hi int) { total.Add(int64(hi - lo)) }) })
					})
				}
			}()
		}
		wg.Wait()
		if got, want := total.Load(), int64(4*20*5*3*10); got != want {
			t.Fatalf("%d threads: %d units of work, want %d", Threads(), got, want)
		}
	})
}

// A job that begins while helpers are still late for the last one, or parked, must be complete.
func TestForAfterPausesAndChangesOfThreads(t *testing.T) {
	defer SetThreads(0)
	for round := range 300 {
		SetThreads(1 + round%5)
		if round%50 == 0 {
			time.Sleep(300 * time.Microsecond) // long enough for the helpers to park
		}
		n := 2 + round%40
		var sum atomic.Int64
		For(n, func(i int) { sum.Add(int64(i)) })
		if want := int64(n * (n - 1) / 2); sum.Load() != want {
			t.Fatalf("round %d: sum %d, want %d", round, sum.Load(), want)
		}
	}
}

// A caller that has nothing left to do waits until a slow helper has finished.
func TestForWaitsForSlowBodies(t *testing.T) {
	SetThreads(2)
	defer SetThreads(0)
	for range 5 {
		var done atomic.Int32
		For(2, func(int) { time.Sleep(2 * time.Millisecond); done.Add(1) })
		if done.Load() != 2 {
			t.Fatal("For returned before its bodies")
		}
	}
}

func TestForPassesPanicsOn(t *testing.T) {
	withThreads(t, func(t *testing.T) {
		for at := range 8 {
			func() {
				defer func() {
					got := recover()
					if p, ok := got.(*Panic); ok { // the bodies ran in parallel
						if got = p.Value; p.Error() != "boom" || !strings.Contains(string(p.Stack), "TestForPassesPanicsOn") {
							t.Errorf("%d threads, panic at %d: %v with the stack\n%s", Threads(), at, p, p.Stack)
						}
					}
					if got != "boom" {
						t.Errorf("%d threads, panic at %d: recovered %v", Threads(), at, got)
					}
				}()
				For(8, func(i int) {
					if i == at {
						panic("boom")
					}
				})
				t.Errorf("For returned although body(%d) panicked", at)
			}()
		}
		var n atomic.Int32
		For(8, func(int) { n.Add(1) }) // the next call works again
		if n.Load() != 8 {
			t.Errorf("after a panic %d of 8 bodies ran", n.Load())
		}
	})
}

// A body that ends its goroutine ends the caller's, or makes For panic if a helper ran it; it never hangs.
func TestForSurvivesGoexit(t *testing.T) {
	SetThreads(2)
	defer SetThreads(0)
	for range 20 {
		finished := make(chan any, 1)
		go func() {
			defer func() { finished <- recover() }()
			For(4, func(int) { runtime.Goexit() })
		}()
		if r := <-finished; r != nil && !strings.Contains(fmt.Sprint(r), "Goexit") {
			t.Fatalf("recovered %v", r)
		}
		var n atomic.Int32
		For(16, func(int) { n.Add(1) })
		if n.Load() != 16 {
			t.Fatalf("afterwards %d of 16 bodies ran", n.Load())
		}
	}
}

func TestForAllocatesNothing(t *testing.T) {
	SetThreads(2)
	defer SetThreads(0)
	var sum atomic.Int64
	each := func(i int) { sum.Add(1) }
	span := func(lo, hi int) { sum.Add(1) }
	For(8, each)
	if n := testing.AllocsPerRun(200, func() { For(8, each); ForRange(64, 8, span) }); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

func BenchmarkFor(b *testing.B) {
	var sink [64]atomic.Int64
	body := func(i int) { sink[i&63].Store(1) }
	for _, n := range []int{2, 16} {
		b.Run(map[int]string{2: "2", 16: "16"}[n], func(b *testing.B) {
			for b.Loop() {
				For(n, body)
			}
		})
	}
}
