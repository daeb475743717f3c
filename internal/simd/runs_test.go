package simd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"goomtrain/internal/simd/simdtest"
)

// Small integers make every product exact. Elements beyond the slack of the last run stay as they are.
func TestRuns(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testRuns[float32])
		t.Run("float64", testRuns[float64])
	})
}

func testRuns[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, lengths := range [][]int{{1}, {8}, {3, 1, 9}, {17, 16, 15, 1, 1, 1, 2}} {
		t.Run(fmt.Sprint(lengths), func(t *testing.T) {
			const first = 20
			var list []Run
			to := first
			for _, n := range lengths {
				list = append(list, Run{To: to, From: r.IntN(first - n), N: n, X: r.IntN(first)})
				to += n
			}
			runs := NewRuns(list)
			work, weight, dst := make([]F, to+runSlack+1), make([]F, to+runSlack+1), make([]F, to+runSlack+1)
			for i := range work {
				work[i], weight[i], dst[i] = F(r.IntN(9)-4), F(r.IntN(9)-4), -99
			}
			work[to+runSlack] = 77
			want := append([]F(nil), work...)
			for _, run := range list {
				for j := range run.N {
					want[run.To+j] = want[run.From+j] * want[run.X]
				}
			}
			MultiplyRuns(work[:to+runSlack], runs)
			WeighRuns(dst[:to+runSlack], work[:to+runSlack], weight[:to+runSlack], runs)
			for i := range to {
				if work[i] != want[i] {
					t.Fatalf("work[%d] = %v, want %v", i, work[i], want[i])
				}
			}
			for _, run := range list {
				for j := range run.N {
					if got, want := dst[run.To+j], work[run.From+j]*work[run.X]*weight[run.To+j]; got != want {
						t.Fatalf("dst[%d] = %v, want %v", run.To+j, got, want)
					}
				}
			}
			if work[to+runSlack] != 77 || dst[to+runSlack] != -99 || dst[first-1] != -99 {
				t.Fatal("written outside the runs")
			}
		})
	}
}

func TestRunsPanic(t *testing.T) {
	x := make([]float32, 32)
	runs := NewRuns([]Run{{To: 8, N: 8, X: 3}})
	testPanics(t, map[string]func(){
		"empty run":     func() { NewRuns([]Run{{To: 1}}) },
		"overlap":       func() { NewRuns([]Run{{To: 8, N: 8}, {To: 15, N: 1}}) },
		"before":        func() { NewRuns([]Run{{From: -1, N: 1}}) },
		"no slack":      func() { MultiplyRuns(x[:22], runs) },
		"short dst":     func() { WeighRuns(x[:22], x, x, runs) },
		"short weights": func() { WeighRuns(x, x, x[:22], runs) },
		"short work":    func() { WeighRuns(x, x[:14], x, runs) },
	})
}

// The assembly has the offsets of the fields as numbers.
func TestRunOffsets(t *testing.T) {
	var r Run
	got := []uintptr{unsafe.Offsetof(r.To), unsafe.Offsetof(r.From), unsafe.Offsetof(r.N), unsafe.Offsetof(r.X), unsafe.Sizeof(r)}
	size := unsafe.Sizeof(r.To)
	if want := []uintptr{0, size, 2 * size, 3 * size, 4 * size}; !slices.Equal(got, want) {
		t.Errorf("offsets and size %v, want %v", got, want)
	}
}
