package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// Every element has the bits of the loop in Go, with infinities and NaN too, and what is behind a slice stays as it is.
func TestLogSums(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testLogSums[float32])
		t.Run("float64", testLogSums[float64])
	})
}

func testLogSums[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	special := []float64{math.Inf(1), math.Inf(-1), math.NaN(), 0, 1e300, -1e30, 1e-310}
	number := func() float64 {
		if r.IntN(9) == 0 {
			return special[r.IntN(len(special))]
		}
		return r.NormFloat64() * 100
	}
	numbers := func(n int) []F {
		x := make([]F, n)
		for i := range x {
			x[i] = F(number())
		}
		return x
	}
	check := func(t *testing.T, name string, got, want []F) {
		t.Helper()
		for i := range want {
			if !sameBits(got[i], want[i]) {
				t.Fatalf("%s: element %d is %v, want %v", name, i, got[i], want[i])
			}
		}
	}
	for _, s := range [][2]int{{1, 1}, {2, 3}, {16, 17}, {5, 4}, {33, 8}, {64, 65}, {1, 70000}, {3000, 33}} {
		rows, columns := s[0], s[1]
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			n := rows * columns
			logs := make([]float64, n)
			for i := range logs {
				logs[i] = number()
			}
			m, mu, dst := numbers(rows), numbers(columns+1), numbers(n+1)
			want, most := append([]F(nil), dst...), append([]F(nil), mu...)
			for i, l := range logs {
				of := float64(m[i/columns])
				want[i] = F(l - of - float64(mu[i%columns]))
				if x := F(l - of); x > most[i%columns] {
					most[i%columns] = x
				}
			}
			RelativeLogs(dst[:n], logs, m, mu[:columns])
			check(t, "RelativeLogs", dst, want)
			MaxRelativeLogs(mu[:columns], logs, m)
			check(t, "MaxRelativeLogs", mu, most)

			y, sum, end := numbers(n), append(logs, 7), append([]float64(nil), logs...)
			for i := range end {
				end[i] += float64(y[i])
			}
			AddLogs(sum[:n], logs, y)
			for i, w := range append(end, 7) {
				if sum[i] != w && (sum[i] == sum[i] || w == w) {
					t.Fatalf("AddLogs: element %d is %v, want %v", i, sum[i], w)
				}
			}

			same := append([]float64(nil), logs...)
			AddLogs(same, same, y)
			for i, w := range end {
				if same[i] != w && (same[i] == same[i] || w == w) {
					t.Fatalf("AddLogs in place: element %d is %v, want %v", i, same[i], w)
				}
			}

			x, p, least := numbers(n), numbers(n), F(20)
			for _, clean := range []bool{false, true} {
				all := true
				for i := range x {
					if clean {
						x[i], p[i] = 3, F(40+i%7)
					}
					if want[i] = x[i] / p[i]; !(max(p[i], -p[i]) >= least && want[i] >= -0.5) {
						want[i], all = 0, false
					}
				}
				want[n] = dst[n]
				if got := GrowthRatios(dst[:n], x, p, least); got != all {
					t.Fatalf("GrowthRatios: %v, want %v", got, all)
				}
				check(t, "GrowthRatios", dst, want)
				over := [2][]F{append([]F(nil), x...), append([]F(nil), p...)}
				GrowthRatios(over[0], over[0], p, least)
				GrowthRatios(over[1], x, over[1], least)
				for _, got := range over {
					check(t, "GrowthRatios in place", got, want[:n])
				}
			}
			for _, at := range []int{0, n - 1} { // one element alone, of the first call or of the rest
				was := p[at]
				p[at] = least / 2
				if GrowthRatios(dst[:n], x, p, least) || dst[at] != 0 {
					t.Fatalf("GrowthRatios: element %d goes on", at)
				}
				p[at] = was
			}
		})
	}
}

func TestLogSumPanics(t *testing.T) {
	x, logs := make([]float32, 12), make([]float64, 12)
	testPanics(t, map[string]func(){
		"a short result":            func() { RelativeLogs(x[:11], logs, x[:3], x[:4]) },
		"other rows":                func() { RelativeLogs(x, logs, x[:4], x[:4]) },
		"no columns":                func() { RelativeLogs(x, logs, x[:4], nil) },
		"the maximum of other rows": func() { MaxRelativeLogs(x[:5], logs, x[:3]) },
		"sums of another length":    func() { AddLogs(logs, logs[:11], x) },
		"numbers of another length": func() { AddLogs(logs, logs, x[:11]) },
		"ratios of another length":  func() { GrowthRatios(x, x, x[:11], 1) },
	})
	RelativeLogs[float32](nil, nil, nil, x[:4]) // nothing to do
	RelativeLogs[float32](nil, nil, nil, nil)
	MaxRelativeLogs(x[:4], nil, nil)
	AddLogs[float32](nil, nil, nil)
	if !GrowthRatios[float32](nil, nil, nil, 1) {
		t.Error("no element does not go on")
	}
}
