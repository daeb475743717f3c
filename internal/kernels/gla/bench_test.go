package gla

import (
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
)

// peers are configurations that PyTorch runs under the same names.
var peers = []struct {
	name string
	size Size
}{
	{"b8_t256_h4_k32_v32", Size{Batch: 8, Time: 256, Heads: 4, DKey: 32, DValue: 32}},
	{"b4_t512_h8_k32_v32", Size{Batch: 4, Time: 512, Heads: 8, DKey: 32, DValue: 32}},
	{"b1_t2048_h8_k64_v64", Size{Batch: 1, Time: 2048, Heads: 8, DKey: 64, DValue: 64}},
}

// BenchmarkPeer runs linear attention with decay as PyTorch does under the same names, with decays from the gates of
// GLA: the logarithm of the sigmoid of normal numbers, divided by 16. There is one form here, so it runs under the names
// of all of PyTorch's forms.
// Ratios to PyTorch 2.14 (two AVX2 cores, EPYC; its faster form and thread count), forward and backward: decay per channel
// 12, 9.2 and 6.0 times at the three sizes, per head 14, 13 and 6.1.
func BenchmarkPeer(b *testing.B) {
	for _, op := range []struct {
		name  string
		decay Decay
	}{{"gla_recurrent", PerChannel}, {"gla_chunked", PerChannel}, {"gla_chunked_factored", PerChannel}, {"simple_gla_chunked", PerHead}, {"fixed_decay", Fixed}} {
		for _, c := range peers {
			size := c.size
			size.Decay = op.decay
			benchmark(b, op.name+"/"+c.name, size)
		}
	}
}

func benchmark(b *testing.B, name string, size Size) {
	a, do, _ := draw(size, 1)
	for i, x := range kerneltest.Normal[float64]("gate", len(a.G)) {
		a.G[i] = -math.Log1p(math.Exp(-x)) / 16
	}
	k := New[float32](size)
	k.WantGradients()
	q, keys, v, g := kerneltest.Narrow[float32](a.Q), kerneltest.Narrow[float32](a.K), kerneltest.Narrow[float32](a.V), kerneltest.Narrow[float32](a.G)
	o, dq, dk, dv, dg := make([]float32, len(v)), make([]float32, len(q)), make([]float32, len(q)), make([]float32, len(v)), make([]float32, len(g))
	dout := kerneltest.Narrow[float32](do)
	run := func(name string, call func()) {
		b.Run(name, func(b *testing.B) {
			call()
			for b.Loop() {
				call()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ms/op")
		})
	}
	run(name+"/forward", func() { k.Forward(o, q, keys, v, g, nil) })
	run(name+"/forward_backward", func() {
		k.Forward(o, q, keys, v, g, nil)
		k.Backward(dq, dk, dv, dg, nil, q, keys, v, g, dout, nil)
	})
}
