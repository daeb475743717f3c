package scan_test

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/scan"
)

// BenchmarkPeer times what torch_peers.py times, under the same names, and for scale a copy of the inputs.
func BenchmarkPeer(b *testing.B) {
	for _, c := range []struct{ time, channels int }{{1000000, 1}, {4096, 1024}, {10000000, 1}} {
		n := c.time * c.channels
		a, in, dx := make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range a {
			a[i], in[i], dx[i] = 0.4+0.5*float32(i%97)/97, 0.4+0.5*float32(i%89)/89, 1
		}
		x, da, db, start := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, c.channels)
		k := scan.NewDiag[float32](c.channels, c.time, 1)
		run := func(name string, call func()) {
			b.Run(fmt.Sprintf("diag_scan/t%d_c%d/%s", c.time, c.channels, name), func(b *testing.B) {
				call()
				for b.Loop() {
					call()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ms/op")
			})
		}
		run("forward", func() { k.Forward(x, a, in, start) })
		run("forward_backward", func() {
			k.Forward(x, a, in, start)
			k.Backward(da, db, nil, a, x, start, dx)
		})
		run("copy_of_inputs", func() {
			copy(da, a)
			copy(db, in)
		})
	}
}
