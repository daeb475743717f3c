package softmax

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
)

// BenchmarkWindow shows that the cost of attention with a window is proportional to T times the window, and that of a
// token of a stream to the window. A window of T is full attention.
func BenchmarkWindow(b *testing.B) {
	const t, heads, width = 2048, 8, 32
	size := multihead.Size{Batch: 1, Queries: t, Keys: t, Heads: heads, DKey: width, DValue: width, Causal: true}
	x := kerneltest.Normal[float32]("x", t*heads*3*width)
	y, dx, dy := make([]float32, t*heads*width), make([]float32, len(x)), kerneltest.Normal[float32]("dy", t*heads*width)
	q, keys, v := multihead.SplitQKV(x, heads, width, width)
	dq, dk, dv := multihead.SplitQKV(dx, heads, width, width)
	for _, window := range []int{16, 128, 512, t} {
		k := NewWindow[float32](size, window)
		run := func(name string, call func()) {
			b.Run(fmt.Sprintf("window%d/%s", window, name), func(b *testing.B) {
				for b.Loop() {
					call()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ms/op")
			})
		}
		run("forward", func() { k.Forward(y, q, keys, v, nil) })
		run("forward_backward", func() {
			k.Forward(y, q, keys, v, nil)
			k.Backward(dq, dk, dv, q, keys, v, y, dy)
		})
		one := size
		one.Queries, one.Keys = 1, 1
		token, ring := NewWindow[float32](one, window), NewRing[float32](1, heads, width, width, window)
		k.ForwardRing(y, q, keys, v, ring)
		run("token", func() { token.ForwardRing(y, q, keys, v, ring) })
	}
}
