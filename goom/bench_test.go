package goom

import (
	"fmt"
	"testing"

	"goomtrain/rng"
)

// BenchmarkPeer times what torch_peers.py times, under the same names; ms/op is one call. By turns with it, on two
// cores, PyTorch's time over ours (forward, and with backward): products of 32 x 32 7.6-11 and 4.9-6.9, of
// 64 x 64 5.8-6.0 and 4.8, of 512 3.6 and 2.7-3.6, of 1024 2.3-2.6 and 1.8-2.2; chains 216-323 (d = 8), 30-35
// (64), 7.7-9.2 (256); the prefix scan 26-30 and 22.
func BenchmarkPeer(b *testing.B) {
	for _, c := range []struct{ n, d int }{{1024, 32}, {256, 64}, {1, 512}, {1, 1024}} {
		b.Run(fmt.Sprintf("goom_lmme/n%d_d%d", c.n, c.d), func(b *testing.B) { peerLMME(b, c.n, c.d) })
	}
	for _, d := range []int{8, 64, 256} {
		b.Run(fmt.Sprintf("goom_chain/d%d", d), func(b *testing.B) { peerChain(b, d) })
	}
	b.Run("goom_prefix_scan/t1024_d32", func(b *testing.B) { peerPrefix(b, 1024, 32) })
}

func normals(n int) []float32 {
	r := rng.New(1, "goom bench")
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// perCall reports milliseconds a call, each of which stands for parts.
func perCall(b *testing.B, parts int, call func()) {
	call() // buffers grow in the first call
	b.ReportAllocs()
	for b.Loop() {
		call()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N*parts), "ms/op")
}

func peerLMME(b *testing.B, n, d int) {
	x, y := FromReal(normals(n*d*d), n, d, d), FromReal(normals(n*d*d), n, d, d)
	out := New[float32](n, d, d)
	b.Run("forward", func(b *testing.B) {
		p := NewProduct[float32](x.Shape, y.Shape, Options{})
		perCall(b, 1, func() { p.Forward(out, x, y) })
	})
	b.Run("forward_backward", func(b *testing.B) {
		p := NewProduct[float32](x.Shape, y.Shape, Options{Grad: true})
		g, dx, dy := normals(n*d*d), make([]float32, n*d*d), make([]float32, n*d*d)
		perCall(b, 1, func() {
			p.Forward(out, x, y)
			p.Backward(dx, dy, x, y, out, g)
		})
	})
}

func peerChain(b *testing.B, d int) {
	n := 64
	if d >= 256 {
		n = 16
	}
	factors := MatricesOf(normals(n*d*d), n, d, d)
	b.Run("forward", func(b *testing.B) {
		c := NewChain[float32](d)
		perCall(b, n, func() { c.Mul(factors) })
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "products/s")
	})
}

func peerPrefix(b *testing.B, t, d int) {
	x := FromReal(normals(t*d*d), t, d, d)
	y := New[float32](t, d, d)
	none := Tensor[float32]{}
	b.Run("forward", func(b *testing.B) {
		p := NewScan[float32](x.Shape, nil, false, 0, Options{})
		perCall(b, 1, func() { p.Forward(y, x, none, none) })
	})
	b.Run("forward_backward", func(b *testing.B) {
		p := NewScan[float32](x.Shape, nil, false, 0, Options{Grad: true})
		g, dx := normals(t*d*d), make([]float32, t*d*d)
		perCall(b, 1, func() {
			p.Forward(y, x, none, none)
			p.Backward(dx, nil, nil, y, x, none, none, g)
		})
	})
}
