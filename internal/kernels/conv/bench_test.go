package conv_test

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/conv"
	"goomtrain/internal/kernels/kerneltest"
)

// BenchmarkPeer times what the PyTorch peers time, under the same names.
// Ratios to PyTorch 2.14 (two AVX2 cores, EPYC), forward and backward: 5.3 and 7.8 times, at 17 GB/s. A copy makes 60 to 80.
// With its numbers in the first cache, eight elements take 4.5 ns forward, of which the sigmoid is 3 (the division 0.5),
// and 8 ns backward: the argument again and its slope 5.1, dx 1.6, dw 1.3. That is 0.61 of the 0.94 ms of the first size.
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
