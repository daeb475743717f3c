package simd

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestRuns: small integers make every product exact. What lies beyond the last run's slack stays.
func TestRuns(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
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

// TestDotRows: sums of small integers are exact in any order.
func TestDotRows(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		t.Run("float32", testDotRows[float32])
		t.Run("float64", testDotRows[float64])
	})
}

func testDotRows[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for rows := 1; rows <= 18; rows++ {
		for _, n := range []int{1, 7, 8, 9, 15, 16, 23, 33, 165} {
			stride := n + rows%3
			x, a, dst := make([]F, n), make([]F, (rows-1)*stride+n), make([]F, rows)
			for _, v := range [][]F{x, a, dst} {
				for i := range v {
					v[i] = F(r.IntN(9) - 4)
				}
			}
			want := append([]F(nil), dst...)
			for row := range rows {
				for j, v := range x {
					want[row] += v * a[row*stride+j]
				}
			}
			DotRows(dst, x, a, stride)
			for row := range rows {
				if dst[row] != want[row] {
					t.Fatalf("%d rows of %d: dst[%d] = %v, want %v", rows, n, row, dst[row], want[row])
				}
			}
		}
	}
	const n = 1<<16 + 11 // more than one call gets
	x, a, dst := make([]F, n), make([]F, 2*n), make([]F, 2)
	want := make([]F, 2)
	for i := range x {
		x[i], a[i], a[n+i] = F(i%2), 1, F(i%3)
		want[0] += x[i]
		want[1] += x[i] * a[n+i]
	}
	DotRows(dst, x, a, n)
	if dst[0] != want[0] || dst[1] != want[1] {
		t.Errorf("long rows: %v, want %v", dst, want)
	}
}

// TestDotRowsOnEachPath: both widths of vectors make the same bits.
func TestDotRowsOnEachPath(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for rows := 1; rows <= 27; rows++ {
		for _, n := range []int{3, 8, 13, 16, 24, 31, 165} {
			x, a := normals[float32](r, n), normals[float32](r, rows*n)
			var want []float32
			onEachPath(t, func(t *testing.T) {
				got := make([]float32, rows)
				DotRows(got, x, a, n)
				if strings.Contains(t.Name(), "portable") {
					return // in float64
				}
				if want == nil {
					want = got
				}
				for i := range got {
					if got[i] != want[i] {
						t.Fatalf("%d rows of %d: %v and %v", rows, n, got[i], want[i])
					}
				}
			})
		}
	}
}

func TestRunsPanic(t *testing.T) {
	x := make([]float32, 32)
	runs := NewRuns([]Run{{To: 8, N: 8, X: 3}})
	for name, call := range map[string]func(){
		"empty run":     func() { NewRuns([]Run{{To: 1}}) },
		"overlap":       func() { NewRuns([]Run{{To: 8, N: 8}, {To: 15, N: 1}}) },
		"before":        func() { NewRuns([]Run{{From: -1, N: 1}}) },
		"no slack":      func() { MultiplyRuns(x[:22], runs) },
		"short dst":     func() { WeighRuns(x[:22], x, x, runs) },
		"short weights": func() { WeighRuns(x, x, x[:22], runs) },
		"short work":    func() { WeighRuns(x, x[:14], x, runs) },
		"short rows":    func() { DotRows(x[:2], x[:8], x[8:23], 8) },
		"narrow stride": func() { DotRows(x[:2], x[:8], x[8:], 7) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

// BenchmarkDotRows reads the states of a token's heads, [V+1, M] each.
func BenchmarkDotRows(b *testing.B) {
	for _, s := range [][3]int{{1, 9, 165}, {8, 9, 165}, {1, 17, 969}, {8, 17, 969}, {1, 33, 6545}} {
		heads, rows, n := s[0], s[1], s[2]
		stride := (n + 7) / 8 * 8
		a, x, dst := ones(heads*rows*stride), ones(n), ones(rows)
		b.Run(fmt.Sprintf("%d_heads_%dx%d", heads, rows, n), func(b *testing.B) {
			perElement(b, heads*rows*n, func() {
				for h := range heads {
					DotRows(dst, x, a[h*rows*stride:], stride)
				}
			})
		})
	}
}
