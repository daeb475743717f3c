package s4d_test

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/s4d"
)

// BenchmarkPeer times what the PyTorch peers time, under the same names.
// Ratios to PyTorch 2.14 (two AVX2 cores, EPYC), forward and backward: 13 and 19 times.
func BenchmarkPeer(b *testing.B) {
	for _, c := range []struct{ batch, time, channels, modes int }{{8, 256, 128, 32}, {4, 2048, 128, 32}} {
		n, states := c.batch*c.time*c.channels, c.channels*c.modes
		u, dy := kerneltest.Normal[float32]("u", n), kerneltest.Normal[float32]("dy", n)
		zeros := func() s4d.Parameters[float32] {
			return s4d.Parameters[float32]{LogDt: make([]float32, c.channels), LogAReal: make([]float32, states), AImag: make([]float32, states),
				C: make([]float32, 2*states), D: make([]float32, c.channels)}
		}
		p, dp, y, du := zeros(), zeros(), make([]float32, n), make([]float32, n)
		copy(p.C, kerneltest.Normal[float32]("c", 2*states))
		copy(p.D, kerneltest.Normal[float32]("d", c.channels))
		for i := range p.LogDt {
			p.LogDt[i] = float32(math.Log(0.001) + math.Log(100)*float64(i)/float64(c.channels))
		}
		for i := range p.AImag {
			p.LogAReal[i], p.AImag[i] = float32(math.Log(0.5)), float32(math.Pi*float64(i%c.modes))
		}
		k := s4d.New[float32](c.batch, c.time, c.channels, c.modes)
		run := func(name string, call func()) {
			b.Run(fmt.Sprintf("s4d/b%d_t%d_h%d_n%d/%s", c.batch, c.time, c.channels, c.modes, name), func(b *testing.B) {
				call()
				for b.Loop() {
					p.D[0]++ // new parameters, as in training
					call()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ms/op")
			})
		}
		run("forward", func() { k.Forward(y, u, p, nil) })
		run("forward_backward", func() {
			k.Forward(y, u, p, nil)
			k.Backward(dp, du, nil, u, dy, nil)
		})
	}
}
