package conv_test

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/conv"
	"goomtrain/internal/kernels/kerneltest"
)

// BenchmarkPeer times what the PyTorch peers time, under the same names.
// Ratios to PyTorch 2.14 (two AVX2 cores, EPYC), forward and backward: 3.9 and 4.6 times. Forward moves 17 and
// 13 GB/s, where a copy of the same arrays makes 62 and 80: arithmetic binds, not memory.
func BenchmarkPeer(b *testing.B) {
	for _, c := range []struct{ batch, time, channels, width int }{{8, 256, 384, 4}, {4, 2048, 768, 4}} {
		n := c.batch * c.time * c.channels
		x, w, dy := kerneltest.Normal[float32]("x", n), kerneltest.Normal[float32]("w", c.channels*c.width), kerneltest.Normal[float32]("dy", n)
		y, dx, dw := make([]float32, n), make([]float32, n), make([]float32, len(w))
		k := conv.New[float32](c.batch, c.time, c.channels, c.width, true)
		run := func(name string, call func()) {
			b.Run(fmt.Sprintf("short_conv/b%d_t%d_d%d_w%d/%s", c.batch, c.time, c.channels, c.width, name), func(b *testing.B) {
				call()
				for b.Loop() {
					call()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ms/op")
			})
		}
		run("forward", func() { k.Forward(y, x, w, nil, nil) })
		run("forward_backward", func() {
			k.Forward(y, x, w, nil, nil)
			k.Backward(dx, dw, nil, x, w, nil, dy)
		})
	}
}
