package routing

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
)

// BenchmarkPeer times what the PyTorch peer times, under the same name.
// Two cores of a Xeon of the Sapphire Rapids class with AVX-512: 0.36 ms forward, 1.07 with backward. Ratios to PyTorch 1.13:
// 3.2 and 3.2 (its faster thread count, one); to 2.14: 2.2 and 2.5 (two threads).
func BenchmarkPeer(b *testing.B) {
	for _, size := range []VectorSize{{Batch: 1, Inputs: 512, Outputs: 64, DIn: 256, DOut: 256, Iterations: 2, Normalize: true}} {
		c := drawVector(size, maskless)
		x, p := kerneltest.Narrow[float32](c.X), narrowed[float32](c.P)
		out, phi := make([]float32, size.Batch*size.Outputs*size.DOut), make([]float32, size.Batch*size.Inputs*size.Outputs)
		dout, dx, dp := kerneltest.Normal[float32]("dout", len(out)), make([]float32, len(x)), p.zeros()
		k := NewVector[float32](size)
		run := func(name string, call func()) {
			b.Run(fmt.Sprintf("vector_routing/i%d_o%d_d%d_h%d_r%d/%s", size.Inputs, size.Outputs, size.DIn, size.DOut, size.Iterations, name), func(b *testing.B) {
				call()
				for b.Loop() {
					call()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ms/op")
			})
		}
		run("forward", func() { k.Forward(out, phi, x, p, Mask{}) })
		run("forward_backward", func() {
			k.Forward(out, phi, x, p, Mask{})
			k.Backward(dx, dp, x, p, Mask{}, dout, nil)
		})
	}
}
