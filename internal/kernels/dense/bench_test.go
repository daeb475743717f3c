package dense_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"goomtrain/internal/kernels/dense"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/peak"
)

// BenchmarkHead times the loss of the vocabulary of GPT-2, forward alone and with gradients, and reports the rate of its
// products, 2 R D S operations forward and three times as many with gradients, and its ratio to the peak of as many cores.
//
// Measured on the machine of matmul/bench_test.go, of peak, with gradients: 0.50 in width 64, 0.59 in width 128 and 0.62 in width
// 256 on one core, 0.58, 0.60 and 0.68 on two. Products of the same blocks in the cache reach 0.8; the rest is packing, the
// exponentials, and waiting for the logits and for the gradient of w in memory.
func BenchmarkHead(b *testing.B) {
	const rows, vocab = 2048, 50257
	targets := make([]int32, rows)
	for r := range targets {
		targets[r] = int32(r * 7919 % vocab)
	}
	for _, threads := range []int{1, 2} {
		for _, width := range []int{64, 128, 256} {
			x, w, dx := make([]float32, rows*width), make([]float32, vocab*width), make([]float32, rows*width)
			for i := range x {
				x[i] = float32(i%97-48) / 32
			}
			for i := range w {
				w[i] = float32(i%89-44) / 32 / float32(math.Sqrt(float64(width)))
			}
			k := dense.NewHead[float32](rows, width, vocab)
			run := func(name string, flops float64, f func()) {
				b.Run(fmt.Sprintf("%dcore/d%d/%s", threads, width, name), func(b *testing.B) {
					simd.SetThreads(threads)
					defer simd.SetThreads(0)
					f()
					best, top := math.Inf(1), 0.0
					for b.Loop() {
						top = max(top, peak.GFLOPS())
						start := time.Now()
						f()
						best = min(best, float64(time.Since(start).Nanoseconds()))
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(best/1e6, "ms")
					b.ReportMetric(flops/best, "GFLOP/s")
					if top > 0 {
						b.ReportMetric(flops/best/(top*float64(threads)), "of-peak")
					}
				})
			}
			products := 2 * float64(rows) * float64(width) * vocab
			run("forward", products, func() { k.Forward(x, w, targets, 1) })
			k.WantGradients(make([]float32, vocab*width))
			run("gradients", 3*products, func() {
				k.Forward(x, w, targets, 1)
				k.Backward(dx, 1)
			})
		}
	}
}

// BenchmarkRotary turns the queries and keys of rows [q, k, v] and copies the values, forward and back.
//
// On two cores of Sapphire Rapids a step of 12 heads takes 1.44 ms, 3.0 on one. The loop in Go took 3.4 and 6.9.
func BenchmarkRotary(b *testing.B) {
	const batch, time, width = 16, 256, 32
	for _, threads := range []int{1, 2} {
		for _, heads := range []int{4, 12} {
			stride := 3 * heads * width
			x, y := make([]float32, batch*time*stride), make([]float32, batch*time*stride)
			k := dense.NewRotary[float32](batch, time, 2*heads, width, stride)
			b.Run(fmt.Sprintf("%dcore/h%d", threads, heads), func(b *testing.B) {
				simd.SetThreads(threads)
				defer simd.SetThreads(0)
				b.SetBytes(int64(4 * 4 * len(x)))
				for b.Loop() {
					k.Forward(y, x, 0)
					k.Backward(x, y)
				}
			})
		}
	}
}
