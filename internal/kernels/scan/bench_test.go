package scan_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"goomtrain/internal/kernels/scan"
	"goomtrain/internal/simd"
)

// BenchmarkPeer times what torch_peers.py times, under the same names, by turns with copies on the same number of threads.
// It reports the best time of each and their ratios: "copies" to copying all inputs and outputs (a, b and x, and with the
// backward half dx, da and db), "copies-of-inputs" to copying a and b alone.
func BenchmarkPeer(b *testing.B) {
	for _, c := range []struct{ time, channels int }{{1000000, 1}, {4096, 1024}, {10000000, 1}, {500, 1024}, {64, 4096}, {1024, 16}, {63, 12}} {
		n := c.time * c.channels
		a, in, dx := make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range a {
			a[i], in[i], dx[i] = 0.4+0.5*float32(i%97)/97, 0.4+0.5*float32(i%89)/89, 1
		}
		x, da, db, start := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, c.channels)
		k := scan.NewDiag[float32](c.channels, c.time, 1)
		copyAll := func(lo, hi int) {
			copy(x[lo:hi], a[lo:hi])
			copy(da[lo:hi], in[lo:hi])
			copy(db[lo:hi], dx[lo:hi])
		}
		copyInputs := func(lo, hi int) {
			copy(da[lo:hi], a[lo:hi])
			copy(db[lo:hi], in[lo:hi])
		}
		repeat := max(1, 100000/n)
		run := func(name string, arrays int, call func()) {
			b.Run(fmt.Sprintf("diag_scan/t%d_c%d/%s", c.time, c.channels, name), func(b *testing.B) {
				var best [3]float64
				calls := [3]func(){
					call,
					func() {
						for range arrays / 3 {
							simd.ForRange(n, 1<<18, copyAll)
						}
					},
					func() { simd.ForRange(n, 1<<18, copyInputs) },
				}
				for i, f := range calls {
					best[i] = math.Inf(1)
					f()
				}
				for b.Loop() {
					for i, f := range calls {
						began := time.Now()
						for range repeat {
							f()
						}
						best[i] = min(best[i], float64(time.Since(began).Nanoseconds())/float64(repeat))
					}
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(best[0]/1e6, "ms")
				b.ReportMetric(best[0]/best[1], "copies")
				b.ReportMetric(best[0]/best[2], "copies-of-inputs")
			})
		}
		run("forward", 3, func() { k.Forward(x, a, in, start) })
		run("forward_backward", 6, func() {
			k.Forward(x, a, in, start)
			k.Backward(da, db, nil, a, x, start, dx)
		})
	}
}
